"""A bundle: everything that a DriftPolicy's decision was made from, in one file, so that anyone can make it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ConfigDict, TypeAdapter, ValidationError

from mooring.reconcile.drift.tape import Tape
from mooring.reconcile.driftpolicy import Seen

FORMAT = 1


class NoBundleError(Exception):
    """A file that is no bundle; the message says why."""


@dataclass(frozen=True)
class Bundle:
    """What was seen at one moment."""

    __pydantic_config__ = ConfigDict(ser_json_inf_nan="constants")

    taken_at: datetime
    seen: Seen
    tape: Tape = field(default_factory=Tape)
    """The windows that were kept."""
    mooring: str = ""
    """The version of Mooring that wrote it."""
    format: int = FORMAT

    def to_json(self) -> bytes:
        """Return what `read` reads."""
        return _WIRE.dump_json(self, by_alias=True, indent=1)


_WIRE = TypeAdapter(Bundle)


def read(text: bytes) -> Bundle:
    """Return a bundle; raises NoBundleError."""
    try:
        found = _WIRE.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise NoBundleError(f"this is no bundle of a DriftPolicy: {where}: {first['msg']}") from None
    if found.format != FORMAT:
        raise NoBundleError(f"the bundle is of format {found.format}, and this Mooring reads {FORMAT}")
    return found
