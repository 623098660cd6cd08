"""Closed windows as they were counted, so that a policy can be replayed over them with other settings."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.saved import inflated
from mooring.reconcile.drift.tally import Counts
from mooring.stats.drift import Counted, Truth

FORMAT = 1
"""Of the JSON. Another one is not read: the tape begins anew."""
MOST_BYTES = 200 << 10
"""Compressed; the oldest windows go first."""


@dataclass(frozen=True)
class Recorded:
    """One closed window. `cells` are of all features of the layout, then of predictions, whatever was left out then."""

    start: int
    """Milliseconds since 1970."""
    end: int
    rows: int
    cells: Counts
    truths: tuple[Truth, ...]
    rejected: Counts = ()
    """Requests refused for each feature; empty: none was."""
    repeated: Counts = ()
    """How many rows said as much as one, in thousandths: of each feature, then of score and label; empty: unknown."""

    @classmethod
    def of(cls, counted: Counted) -> Recorded:
        """Return what is kept of a window."""
        return cls(
            counted.start,
            counted.end,
            counted.rows,
            tuple(counted.cells or ()),
            counted.truths,
            tuple(counted.rejected or ()),
            tuple(counted.repeated or ()),
        )

    def counted(self) -> Counted:
        """Return the window with all features."""
        return Counted(
            self.start, self.end, self.rows, self.cells, self.truths, self.rejected or None, self.repeated or None
        )

    def tested(self, fitted: Fitted) -> Counted:
        """Return the window as a policy tests it."""
        cells, rejected = fitted.cells(self.cells), fitted.rejected(self.rejected)
        repeated = fitted.of_tested(self.repeated)
        return Counted(self.start, self.end, self.rows, cells, self.truths, rejected, repeated)


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

    def plus(self, version: str, basis: Basis, windows: Sequence[Counted]) -> Tape:
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
        more = tuple(map(Recorded.of, windows))
        chapters[-1] = replace(chapters[-1], windows=chapters[-1].windows + more)
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
    written = zlib.compress(_WIRE.dump_json(tape), 6)
    while len(written) > MOST_BYTES and tape.length:
        spare = tape.length * (len(written) - MOST_BYTES) // len(written)
        tape = tape.without(max(1, spare))
        written = zlib.compress(_WIRE.dump_json(tape), 6)
    return written


def unpack(written: bytes) -> Tape:
    """Return the tape; raises ValueError for anything that `pack` did not write."""
    tape = _WIRE.validate_json(inflated(written))
    if tape.format != FORMAT:
        raise ValueError(f"the tape of windows is of format {tape.format}, not {FORMAT}")
    return tape
