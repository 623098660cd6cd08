"""A policy with hours of traffic behind it: its tape, and what its watch knows, made by the operator's own steps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mooring.cli.drift.bundle import Bundle
from mooring.reconcile.drift.close import tested
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.tape import Tape
from mooring.reconcile.drift.watch import Basis, Recording, begin
from mooring.stats.drift import Counted, Truth
from tests.unit.reconcile.drift.segmented import basis_of_slices
from tests.unit.reconcile.drift.service import binner, profile
from tests.unit.reconcile.driftpolicy.stage import HOUR, Stage

BASIS = Basis(binner().layout, profile(), "sha256:a")
SLICED = basis_of_slices()
ROWS = 4000
AS_THEY_COME = {"labels": {"matureAfterSeconds": 0}}


def window(start: int, *, moved: bool = False, lost: float = 0.1, broken: bool = False) -> Counted:
    """Return an hour of users, by second of its start; `moved`: nearly all of them are old."""
    quarter, half = ROWS // 4, ROWS // 2
    missing = ROWS // 3 if broken else 0
    ages = (10, 10, 10, ROWS - 30 - missing) if moved else (quarter - missing, quarter, quarter, quarter)
    cells = (*ages, 0, 0, missing, half, quarter, quarter, 0, 0, half, 0, 0, half)
    day, wrong = start // 86_400, round(half * lost)
    truths = tuple(Truth(day, 3 * label, side, count) for label in (0, 1) for side, count in
                   ((label, half - wrong), (1 - label, wrong)))  # fmt: skip
    return Counted(start * 1000, (start + HOUR) * 1000, ROWS, cells, truths)


def red(start: int, *, moved: bool = False, lost: float = 0.1) -> Counted:
    """Return what the quarter of an hour's rows had that is red."""
    rows, half = ROWS // 4, ROWS // 8
    ages = (0, 0, 0, rows) if moved else (rows // 4,) * 4
    day, wrong = start // 86_400, round(half * lost)
    truths = tuple(Truth(day, 3 * label, side, count) for label in (0, 1) for side, count in
                   ((label, half - wrong), (1 - label, wrong)))  # fmt: skip
    cells = (*ages, 0, 0, 0, 0, rows, 0, 0, 0, half, 0, 0, half)
    return Counted(start * 1000, (start + HOUR) * 1000, rows, cells, truths)


def bundle_with_segments(windows: list[dict[str, object]], *, asked: bool = True, **spec: object) -> Bundle:
    """Return the same of a version that was sliced by color, of whose values red alone has rows.

    Facts of a window are of the red rows; all rows are as at training.
    """
    columns = [{"column": "color"}] if asked else []
    stage = Stage(
        **{"harm": AS_THEY_COME, "window": {"minRows": 2000, "minSeconds": HOUR}, "segments": columns, **spec}
    )
    begun = int(stage.now.timestamp()) // HOUR * HOUR
    fitted = Fitted(SLICED.layout, Asked.of(stage.seen().policy.spec), SLICED.profile)
    watched = replace(begin("income-v1", fitted.asked, begun, "a test"), basis=SLICED)
    tape = Tape()
    for hour, facts in enumerate(windows):
        start = begun + hour * HOUR
        one, part = window(start), red(start, **facts)  # type: ignore[arg-type]  # facts of red rows
        recording = Recording((one.cells and tuple(one.cells)) or (), (), one.truths)
        turned = tested(watched, fitted, one, recording, {1: part})
        watched, tape = turned.watched, tape.plus("income-v1", SLICED, turned.windows)
    now = begun + HOUR * len(windows)
    seen = replace(stage.seen(), drift=seen_of(watched, now))
    return Bundle(datetime.fromtimestamp(now, UTC), seen, tape)


def bundle(windows: list[dict[str, object]], **spec: object) -> Bundle:
    """Return what is known after these hours, and what was kept of them."""
    stage = Stage(**{"harm": AS_THEY_COME, "window": {"minRows": 2000, "minSeconds": HOUR}, **spec})
    begun = int(stage.now.timestamp()) // HOUR * HOUR
    counted = [window(begun + hour * HOUR, **facts) for hour, facts in enumerate(windows)]  # type: ignore[arg-type]  # facts of a window
    asked = Asked.of(stage.seen().policy.spec)
    fitted = Fitted(BASIS.layout, asked, BASIS.profile)
    watched = replace(begin("income-v1", asked, begun, "a test"), basis=BASIS)
    tape = Tape()
    for one in counted:
        turned = tested(watched, fitted, one, Recording((one.cells and tuple(one.cells)) or (), (), one.truths), {})
        watched, tape = turned.watched, tape.plus("income-v1", BASIS, turned.windows)
    now = begun + HOUR * len(counted)
    seen = replace(stage.seen(), drift=seen_of(watched, now))
    return Bundle(datetime.fromtimestamp(now, UTC), seen, tape)
