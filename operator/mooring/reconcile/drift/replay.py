"""Replaying recorded windows under other settings: what the evidence would have been."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mooring.reconcile.drift.close import tested
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.tape import Tape
from mooring.reconcile.drift.watch import Recording, Watched, begin
from mooring.reconcile.driftseen import DriftSeen


@dataclass(frozen=True)
class Replayed:
    """What is known after a recorded window."""

    seen: DriftSeen
    told: bool
    """A window closed with it, or truths were settled: not with each, where larger windows are asked for than then."""


def replay(tape: Tape, asked: Asked) -> Iterator[Replayed]:
    """Yield what a policy that asks this would have known after each recorded window, in order of time.

    A recorded window is taken in whole, so that windows are at best as short as they were; pauses in it are not known.
    Raises ValueError where a recorded layout and its profile do not fit.
    """
    before: Watched | None = None
    for chapter in tape.chapters:
        start = chapter.windows[0].start / 1000
        watched = replace(begin(chapter.version, asked, start, "a replay", before), basis=chapter.basis)
        fitted = Fitted(chapter.basis.layout, asked, chapter.basis.profile)
        for window in chapter.windows:
            counted, parts = window.tested(fitted), window.parts(fitted)
            turned = tested(watched, fitted, counted, Recording(rejected=window.rejected), parts)
            watched = turned.watched
            yield Replayed(seen_of(watched, window.end / 1000), turned.told)
        before = watched
