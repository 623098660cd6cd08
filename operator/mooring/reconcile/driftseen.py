"""What the drift observer brings to plans: the evidence about the version that serves, as data.

The observer reads ledgers, folds them into `mooring.stats.drift`, and keeps its state in a ConfigMap of the policy;
everything here is derived from that state, so a restarted operator brings the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from mooring.stats.drift import HarmReport, WindowReport

Test = Literal["inputs", "predictions", "harm", "estimated"]


@dataclass(frozen=True)
class Alarm:
    """Evidence that reached its bound. Numbers grow by one for a policy, whatever version is watched."""

    number: int
    at: int
    """Milliseconds since 1970: the end of the window, or of the settled days."""
    test: Test
    version: str
    sentence: str
    """Which inequality fired, with its numbers, on how many rows, against which reference."""
    segment: str = ""
    """Of the rows with one value of a column alone, as `SEX=2`; empty: of all rows."""


@dataclass(frozen=True)
class SegmentSeen:
    """What is known of the rows with one value of a column that the policy watches apart."""

    name: str
    """As `SEX=2`."""
    rows: int
    """Of the reference."""
    closed: int = 0
    """Windows: those of all rows in which it had enough of its own."""
    window: WindowReport | None = None
    harm: HarmReport | None = None
    harm_at: int | None = None
    streak: int = 0


@dataclass(frozen=True)
class DriftSeen:
    """What is known of one policy's version."""

    at: int
    """Milliseconds since 1970: the last look."""
    version: str
    """The ModelVersion that serves, by name."""
    digest: str = ""
    """Of its profile; empty: none was read yet."""
    rows: int = 0
    """Of the reference."""
    warnings: tuple[str, ...] = ()
    """What this reference cannot show, each a sentence: few rows, no time column, no losses."""
    trouble: str | None = None
    """What cannot be read now, what that means, and what still works, as a sentence."""
    begun: int | None = None
    """Milliseconds since 1970: since when evidence is counted. It changes with the version and with what is asked."""
    begun_because: str = ""
    """Why it began then, as a sentence."""
    opened: int | None = None
    """Milliseconds since 1970: the start of the window that is being counted."""
    window_rows: int = 0
    unknown: int = 0
    closed: int = 0
    """Windows of this version."""
    window: WindowReport | None = None
    """The last closed window."""
    harm: HarmReport | None = None
    """The last settled truths."""
    harm_at: int | None = None
    """When they were settled."""
    settled: int = 0
    """How many times truths were settled of this version."""
    streak: int = 0
    """Windows in a row with inputs or predictions beyond their floor, the first of them an alarm."""
    last_rows_at: int | None = None
    """When a prediction was last counted, or may have been where counts are missing: silence is told from it.
    None: nobody asked yet, or who asked since is not known."""
    usual_gap_seconds: int | None = None
    """The longest pause between rows in the last closed windows."""
    alarms: tuple[Alarm, ...] = ()
    """The last 64."""
    rejected: tuple[tuple[str, int], ...] = ()
    """(feature, requests) that were refused in the last window: values of another type, most first."""
    metrics: tuple[tuple[str, float, int], ...] = field(default=())
    """(name, value, truths) of the last settled truths."""
    segments: tuple[SegmentSeen, ...] = ()
    """In the order of the policy's columns and the reference's values."""
    unsliced: tuple[str, ...] = ()
    """Columns that the policy watches segments of, and that the version's recipe did not slice by."""
