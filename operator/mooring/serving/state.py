"""Where the process stands in its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # At run time it is imported after the admin port answers: it brings what a model needs with it.
    from mooring.serving.app import App

Phase = Literal["Loading", "Serving", "Draining"]


@dataclass
class State:
    """What the probes tell."""

    phase: Phase = "Loading"
    app: App | None = None

    @property
    def ready(self) -> bool:
        """Whether new requests should be sent here."""
        return self.phase == "Serving"
