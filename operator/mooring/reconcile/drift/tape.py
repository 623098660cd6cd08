"""Closed windows as they were counted, so that a policy can be replayed over them with other settings."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.saved import MOST_INFLATED, inflated
from mooring.reconcile.drift.tally import Counts
from mooring.stats.drift import Counted, Truth

FORMAT = 1
"""Of the JSON. Another one is not read: the tape begins anew."""
MOST_BYTES = 200 << 10
"""Compressed; the oldest windows go first."""
MOST_SLICED_BYTES = 600 << 10
"""The same where segments are recorded, of which each weighs nearly as much as all rows: a ConfigMap has the room."""


@dataclass(frozen=True)
class RecordedSegment:
    """What a segment had in a window of all rows."""

    number: int
    """Among the segments of the layout."""
    cells: Counts
    truths: tuple[Truth, ...] = ()
    repeated: Counts = ()
    """As `Recorded.repeated`, of its own window, if that closed with the one of all rows; empty: it went on."""


@dataclass(frozen=True)
class Recorded:
    """One closed window. `cells` are of all features of the layout, then of predictions, whatever was left out then."""

    start: int
    """Milliseconds since 1970."""
    end: int
    rows: int
    cells: Counts
    truths: tuple[Truth, ...] = ()
    rejected: Counts = ()
    """Requests refused for each feature; empty: none was."""
    repeated: Counts = ()
    """How many rows said as much as one, in thousandths: of each feature, then of score and label; empty: unknown."""
    sliced: tuple[str, ...] = ()
    """Columns of which segments were recorded: those that the policy asked for then."""
    segments: tuple[RecordedSegment, ...] = ()
    """Those that had rows, or truths."""

    def tested(self, fitted: Fitted) -> Counted:
        """Return the window as a policy tests it."""
        cells, rejected = fitted.cells(self.cells), fitted.rejected(self.rejected)
        repeated = fitted.of_tested(self.repeated)
        return Counted(self.start, self.end, self.rows, cells, self.truths, rejected, repeated)

    def parts(self, fitted: Fitted) -> dict[int, Counted]:
        """Return what segments that a policy asks for had, by number; one that was not recorded is unknown."""
        found = {one.number: one for one in self.segments}
        parts = {}
        for within in fitted.segments:
            if within.segment.column not in self.sliced:
                parts[within.number] = within.counted(self.start, self.end, None, ())
            elif (one := found.get(within.number)) is not None:
                counted = within.counted(self.start, self.end, one.cells or fitted.empty, one.truths)
                parts[within.number] = replace(counted, repeated=one.repeated or None)
        return parts


@dataclass(frozen=True)
class Chapter:
    """The windows of one version, and what they are held against."""

    version: str
    basis: Basis
    windows: tuple[Recorded, ...] = ()


@dataclass(frozen=True)
class Tape:
    """Chapters in order of time; a version that came back has one for each time."""

    format: int = FORMAT
    chapters: tuple[Chapter, ...] = ()

    def plus(self, version: str, basis: Basis, windows: Sequence[Recorded]) -> Tape:
        """Return the tape with more windows. Those that are recorded already are recorded as they are given now."""
        if not windows:
            return self
        first = windows[0].start
        chapters = [
            replace(chapter, windows=tuple(window for window in chapter.windows if window.end <= first))
            for chapter in self.chapters
        ]
        if not chapters or (chapters[-1].version, chapters[-1].basis) != (version, basis):
            chapters.append(Chapter(version, basis))
        chapters[-1] = replace(chapters[-1], windows=(*chapters[-1].windows, *windows))
        return Tape(FORMAT, tuple(chapter for chapter in chapters if chapter.windows))

    def since(self, start: int) -> Tape:
        """Return the windows that began at a time or later, in milliseconds since 1970."""
        chapters = (
            replace(chapter, windows=tuple(window for window in chapter.windows if window.start >= start))
            for chapter in self.chapters
        )
        return Tape(FORMAT, tuple(chapter for chapter in chapters if chapter.windows))

    def without(self, oldest: int) -> Tape:
        """Return the tape without so many of its oldest windows."""
        chapters = []
        for chapter in self.chapters:
            kept = chapter.windows[oldest:]
            oldest = max(0, oldest - len(chapter.windows))
            if kept:
                chapters.append(replace(chapter, windows=kept))
        return Tape(FORMAT, tuple(chapters))

    @property
    def length(self) -> int:
        """How many windows there are."""
        return sum(len(chapter.windows) for chapter in self.chapters)


_WIRE = TypeAdapter(Tape)


def pack(tape: Tape) -> bytes:
    """Return what `unpack` reads: all windows that there is room for."""
    most = MOST_SLICED_BYTES if any(one.sliced for chapter in tape.chapters for one in chapter.windows) else MOST_BYTES
    text = _WIRE.dump_json(tape)
    written = zlib.compress(text, 6)
    while tape.length and (len(written) > most or len(text) > MOST_INFLATED):
        over = max(len(written) / most, len(text) / MOST_INFLATED)
        tape = tape.without(max(1, int(tape.length * (1 - 1 / over))))
        text = _WIRE.dump_json(tape)
        written = zlib.compress(text, 6)
    return written


def unpack(written: bytes) -> Tape:
    """Return the tape; raises ValueError for anything that `pack` did not write."""
    tape = _WIRE.validate_json(inflated(written))
    if tape.format != FORMAT:
        raise ValueError(f"the tape of windows is of format {tape.format}, not {FORMAT}")
    return tape
