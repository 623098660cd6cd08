"""Testing segments beside all rows: an interval into their windows, which close with a window of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mooring.ledger.slots import Closed
from mooring.reconcile.drift.findings import concluded
from mooring.reconcile.drift.reference import Fitted, Within
from mooring.reconcile.drift.tally import Tally, plus
from mooring.reconcile.drift.tape import RecordedSegment
from mooring.reconcile.drift.truths import merged, of_segments
from mooring.reconcile.drift.watch import WATCHED, Recording, SegmentWatched, Watched
from mooring.reconcile.driftseen import Test
from mooring.stats.drift import Counted, Folded, Outer

Alarms = tuple[tuple[Test, str, str], ...]
"""(test, sentence, segment)."""


@dataclass(frozen=True)
class Parts:
    """The segments after an interval."""

    segments: tuple[SegmentWatched, ...]
    alarms: Alarms = ()
    told: bool = False
    """Truths were settled of one of them."""
    recorded: tuple[RecordedSegment, ...] = ()
    """Where a window of all rows closed: what each had in it."""


def begun(fitted: Fitted) -> tuple[SegmentWatched, ...]:
    """Return segments without evidence."""
    return tuple(SegmentWatched(within.fitted.watch.resume(None)) for within in fitted.segments)


def parts_of(slot: Closed[Tally], fitted: Fitted, counted: Counted) -> dict[int, Counted]:
    """Return what segments had in a slot, by number, with the cells of all features; who had nothing is absent."""
    if not fitted.segments:
        return {}
    tally, truths = slot.counts.get(WATCHED, Tally()), of_segments(slot.counts.values(), fitted.layout)
    found = {}
    for within in fitted.segments:
        cells, of_it = tally.segments.get(within.number), truths.get(within.number, ())
        if counted.cells is None or cells or of_it:
            known = None if counted.cells is None else cells or fitted.empty
            found[within.number] = within.counted(counted.start, counted.end, known, of_it)
    return found


def tested_parts(
    watched: Watched, fitted: Fitted, parts: Mapping[int, Counted], counted: Counted, folded: Folded
) -> Parts:
    """Return the segments after an interval, given what all rows made of it."""
    turned = [
        _tested(within, before, parts.get(within.number), counted, folded)
        for within, before in zip(fitted.segments, watched.segments, strict=True)
    ]
    return Parts(
        tuple(one for part in turned for one in part.segments),
        tuple(alarm for part in turned for alarm in part.alarms),
        any(part.told for part in turned),
        tuple(one for part in turned for one in part.recorded),
    )


def _tested(within: Within, before: SegmentWatched, part: Counted | None, counted: Counted, outer: Folded) -> Parts:
    if part is None and outer.window is None and outer.harm is None:
        return Parts((before,))  # an interval without its rows changes nothing that anybody waits for
    whole, window = within.whole, outer.window
    part = part or within.counted(counted.start, counted.end, whole.empty, ())
    of_columns = within.fitted.of_tested(whole.of_all(window.repeated)) if window is not None else None
    folded = within.fitted.watch.fold(before.drift, within.tested(part), Outer(window is not None, of_columns or ()))
    found = concluded(before.findings, folded, within.fitted, counted.end)
    recording = _recorded(before.recording, part)
    alarms = tuple((test, within.where + sentence, within.segment.name) for test, sentence in found.alarms)
    if window is None:
        after = SegmentWatched(folded.state, recording, found.findings)
        return Parts((after,), alarms, folded.harm is not None)
    repeated = within.fitted.of_all(folded.window.repeated) if folded.window is not None else ()
    kept = RecordedSegment(within.number, recording.cells, recording.truths, repeated)
    after = SegmentWatched(folded.state, Recording(), found.findings)
    return Parts((after,), alarms, folded.harm is not None, (kept,) if kept.cells or kept.truths else ())


def _recorded(recording: Recording, part: Counted) -> Recording:
    cells = plus(recording.cells, tuple(part.cells)) if part.rows and part.cells else recording.cells
    return replace(recording, cells=cells, truths=merged(recording.truths, part.truths))
