"""The tape: closed windows for replays, each once, the oldest dropped where there is no more room."""

from __future__ import annotations

import random

import pytest

from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.reference import Asked, Fitted
from mooring.reconcile.drift.tape import MOST_BYTES, Recorded, Tape, pack, unpack
from mooring.stats.drift import Settings, Truth
from tests.unit.reconcile.drift.service import binner, profile

BASIS = Basis(binner().layout, profile(), "sha256:a")


def window(number: int, rows: int = 100) -> Recorded:
    return Recorded(number * 60, (number + 1) * 60, rows, (rows, *[0] * 15), (Truth(1, 0, 0, 3),))


def starts(tape: Tape) -> list[tuple[str, list[int]]]:
    return [(chapter.version, [one.start // 60 for one in chapter.windows]) for chapter in tape.chapters]


def test_windows_are_read_as_they_were_written() -> None:
    tape = Tape().plus("shop-v3", BASIS, [window(1), window(2)])
    assert unpack(pack(tape)) == tape
    assert list(tape.chapters[0].windows) == [window(1), window(2)]


def test_a_window_that_closes_again_after_a_restart_is_recorded_once() -> None:
    tape = Tape().plus("shop-v3", BASIS, [window(1), window(2)]).plus("shop-v3", BASIS, [window(2, rows=99)])
    assert starts(tape) == [("shop-v3", [1, 2])]
    assert tape.chapters[0].windows[1].rows == 99


def test_versions_have_chapters_in_order_of_time() -> None:
    tape = (
        Tape()
        .plus("shop-v3", BASIS, [window(1)])
        .plus("shop-v4", BASIS, [window(2)])
        .plus("shop-v3", BASIS, [window(3)])
    )
    assert starts(tape) == [("shop-v3", [1]), ("shop-v4", [2]), ("shop-v3", [3])]


def test_the_oldest_windows_go_first() -> None:
    drawn = random.Random(1)
    wide = [Recorded(n * 60, n * 60 + 60, 10, tuple(drawn.randrange(10_000) for _ in range(2000))) for n in range(120)]
    tape = Tape().plus("shop-v3", BASIS, wide[:60]).plus("shop-v4", BASIS, wide[60:])
    written = pack(tape)
    kept = unpack(written)
    assert MOST_BYTES * 0.8 < len(written) <= MOST_BYTES
    assert kept.chapters[-1].windows[-1] == tape.chapters[-1].windows[-1]
    assert kept == tape.without(120 - kept.length)


def test_garbage_is_no_tape() -> None:
    with pytest.raises(ValueError, match="not what was written"):
        unpack(b"x")


def test_windows_can_be_replayed_with_other_settings() -> None:
    tape = unpack(
        pack(
            Tape().plus(
                "shop-v3", BASIS, [Recorded(0, 3_600_000, 1000, (1000, *[0] * 6, 500, 250, 250, 0, 0, 500, 0, 0, 500))]
            )
        )
    )
    chapter = tape.chapters[0]
    for exclude, state in (((), "Alarm"), (("age",), "Quiet")):
        fitted = Fitted(
            chapter.basis.layout, Asked(Settings(min_rows=100, min_seconds=60), exclude), chapter.basis.profile
        )
        one = chapter.windows[0]
        folded = fitted.watch.fold(fitted.watch.resume(None), one.tested(fitted))
        assert folded.window is not None
        assert folded.window.inputs.state == state


def test_what_clumps_were_worth_is_recorded_of_every_feature_and_replayed_of_those_that_are_tested() -> None:
    def fitted(*exclude: str) -> Fitted:
        return Fitted(BASIS.layout, Asked(Settings(), exclude), BASIS.profile)

    of_all = fitted("age").of_all((2000, 1500, 1000))
    assert of_all == (0, 2000, 1500, 1000)
    recorded = Recorded(0, 60, 100, (0,) * 16, (), (), of_all)
    one = unpack(pack(Tape().plus("shop-v3", BASIS, [recorded]))).chapters[0].windows[0]
    assert one == recorded
    assert one.tested(fitted("age")).repeated == (2000, 1500, 1000)
    assert one.tested(fitted()).repeated == (1000, 2000, 1500, 1000)
    assert one.tested(fitted("color")).repeated == (1000, 1500, 1000)
