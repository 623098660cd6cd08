"""What somebody wants scored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mooring.api.wire import ServeOrder

Format = Literal["Parquet", "CSV"]
OnBadRow = Literal["fail", "skip", "null"]
"""Stop at the first row that serving would refuse; leave such rows out; or keep them, without a prediction."""


@dataclass(frozen=True)
class BatchOrder:
    """One scoring of a file or a folder of files."""

    model: str
    """The artifact's folder: a path or a URI."""
    input: str
    output: str
    """A folder of its own."""
    digest: str | None = None
    """What the artifact's must be; None: whatever it is, it is reported."""
    version: str | None = None
    """What the answers call the version; None: the model's name and the begin of the digest."""
    serve: ServeOrder | None = None
    """The version's record, as serving pods get it: then `model`, `digest` and `version` are its."""
    form: Format | None = None
    """None: by the files' endings."""
    keep: tuple[str, ...] = ()
    """Columns of the input that stand beside the answers."""
    on_bad_row: OnBadRow = "fail"
    probabilities: bool = True

    def fingerprint(self, digest: str, version: str) -> str:
        """Return what two orders share if the parts that one wrote are parts of the other."""
        decides = (digest, version, self.input, self.form, self.keep, self.on_bad_row, self.probabilities)
        return hashlib.sha256(repr(decides).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Credentials:
    """What opens the stores, by CREDENTIAL_KEYS."""

    model: Mapping[str, str] = field(default_factory=dict)
    input: Mapping[str, str] = field(default_factory=dict)
    output: Mapping[str, str] = field(default_factory=dict)
