"""What every model is to who asks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mooring.artifact.compiled.matrix import Values
from mooring.artifact.predict import Answers


class Asks(Protocol):
    """Something that answers rows. Not for several threads at once."""

    def ask(self, columns: Sequence[Values]) -> Answers:
        """Return the answers; `columns[i]` holds feature i of the interface."""
