"""What a watch remembers: whole numbers that survive a restart exactly."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from mooring.stats.drift.clumps import Clumps
from mooring.stats.drift.cohorts import Cohorts
from mooring.stats.drift.harm import START
from mooring.stats.drift.tier import Levels
from mooring.stats.drift.window import Open

FORMAT = 2
"""Of the JSON. Another one is not read: the watch begins anew, which is slow and never wrong."""


@dataclass(frozen=True)
class DriftState:
    """All evidence about one version by one policy."""

    key: str
    """Of the reference and the settings that the levels belong to."""
    inputs: Levels
    predictions: Levels
    quality: Levels
    harm: Levels = START
    estimated: Levels = START
    through: int = 0
    """Milliseconds since 1970: what began before was folded, or is not counted any more."""
    window: Open = field(default_factory=Open)
    clumps: Clumps = field(default_factory=Clumps)
    repeated: int = 0
    """How many predictions of the last windows say as much as one, in thousandths; 0: there was none."""
    cohorts: Cohorts = field(default_factory=Cohorts)
    closed: int = 0
    """Windows."""

    def to_json(self) -> str:
        """Return what `from_json` reads, exactly."""
        return _WIRE.dump_json(Saved(FORMAT, self)).decode()

    @classmethod
    def from_json(cls, text: str) -> DriftState:
        """Return the state; raises ValueError for anything that `to_json` did not write."""
        saved = _WIRE.validate_json(text)
        if saved.format != FORMAT:
            raise ValueError(f"the state of drift is of format {saved.format}, not {FORMAT}")
        return saved.state


@dataclass(frozen=True)
class Saved:
    """The state as it is written."""

    format: int
    state: DriftState


_WIRE = TypeAdapter(Saved)
