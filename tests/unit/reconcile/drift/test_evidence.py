"""From counts to evidence: what closes is tested against the version's own profile, and said in plain words."""

from __future__ import annotations

import random
import zlib
from dataclasses import replace

import pytest

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.ledger.layout import FeatureCells, Layout
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.close import Turned
from mooring.reconcile.drift.reference import Asked, Fitted, digest_of
from mooring.reconcile.drift.saved import restore, save
from mooring.reconcile.drift.seen import seen_of
from mooring.reconcile.drift.tape import Recorded
from mooring.reconcile.drift.watch import Watched, go_on
from mooring.stats.drift import Settings
from tests.unit.reconcile.drift.service import ASKED, START, Clock, Operator, Pod, binner, profile

MINUTE_SLOTS = 12
AGES = [10.0, 30.0, 50.0, 70.0]
COLORS = ["green", "green", "red", "blue"]


class Traffic:
    """Users of one pod, read every five seconds."""

    def __init__(self, asked: Asked = ASKED, before: bytes | None = None, version: str = "shop-v3") -> None:
        self.clock = Clock()
        self.operator = Operator.new(self.clock, asked, before, version)
        self.pod = Pod("pod-0", self.clock, version)
        self.random = random.Random(7)

    def slot(self, rows: int = 200, ages: list[float] = AGES, colors: list[str] = COLORS) -> Turned:
        for _ in range(rows):
            self.pod.ask(self.random.choice(ages), self.random.choice(colors), self.random.randint(0, 1))
        self.clock.at += 5.0
        self.pod.ledger.seal()
        self.clock.at += 0.7
        turned = self.operator.look([self.pod])
        self.clock.at -= 0.7
        return turned

    def minute(self, **what: object) -> Watched:
        for _ in range(MINUTE_SLOTS):
            self.slot(**what)  # type: ignore[arg-type]
        return self.operator.watched


def test_a_window_closes_with_enough_rows_and_time_and_the_same_data_is_quiet() -> None:
    watched = Traffic().minute()
    report = watched.findings.window
    assert report is not None
    assert (report.rows, report.inputs.state, report.predictions.state, report.unknown) == (2400, "Quiet", "Quiet", 0)
    assert (watched.alarmed, watched.findings.streak) == (0, 0)


def test_an_alarm_says_which_inequality_fired_in_plain_words() -> None:
    watched = Traffic().minute(ages=[50.0, 70.0])
    assert [(alarm.number, alarm.test, alarm.version) for alarm in watched.alarms] == [(1, "inputs", "shop-v3")]
    said = watched.alarms[0].sentence
    assert said.startswith("age moved up by 0.5 at 40 (allowed 0.05, reference of 40,000 rows); evidence ")
    assert said.endswith(" on 2,400 rows")


def test_a_category_is_named() -> None:
    watched = Traffic().minute(colors=["red"])
    assert "the share of 'red' in color went up by 0.75 (allowed 0.05" in watched.alarms[0].sentence


def test_a_streak_begins_with_an_alarm_goes_on_beyond_the_floor_and_ends_with_a_clean_window() -> None:
    traffic, streaks = Traffic(), []
    for ages in (AGES, [70.0], [70.0], AGES, [50.0, 70.0]):
        streaks.append(traffic.minute(ages=ages).findings.streak)
    assert streaks[:4] == [0, 1, 2, 0]


def test_excluded_features_are_neither_tested_nor_counted_and_stay_on_the_tape() -> None:
    asked = replace(ASKED, exclude=("age",))
    traffic = Traffic(asked)
    windows: list[Recorded] = []
    for _ in range(2 * MINUTE_SLOTS):
        windows += traffic.slot(ages=[70.0]).windows
    watched = traffic.operator.watched
    assert watched.alarms == ()
    assert [column.name for column in traffic.operator.fitted.watch.reference.columns] == ["color"]
    assert [len(window.cells or ()) for window in windows] == [7 + 5 + 4] * len(windows) != []
    assert sum((windows[0].cells or ())[:7]) == windows[0].rows
    assert len(traffic.operator.fitted.cells(tuple(range(16)))) == 5 + 4
    assert tuple(traffic.operator.fitted.cells(tuple(range(16)))) == tuple(range(7, 16))


def test_an_interval_of_which_a_pod_is_missing_is_unknown_and_never_zero() -> None:
    traffic = Traffic()
    other = Pod("pod-1", traffic.clock)
    traffic.operator.look([traffic.pod, other])
    traffic.clock.at += 5
    for pod in (traffic.pod, other):
        pod.ask(10.0, "red", 0)
        pod.ledger.seal()
    traffic.operator.look([traffic.pod, other], deaf=[other])
    traffic.clock.at += 40
    traffic.pod.ledger.seal()
    traffic.operator.look([traffic.pod, other], deaf=[other])
    drift = traffic.operator.watched.drift
    assert drift is not None
    assert (drift.window.rows, drift.window.unknown > 0) == (0, True)
    traffic.operator.look([traffic.pod, other])  # what was said to be unknown stays so
    assert traffic.operator.watched.drift is not None
    assert traffic.operator.watched.drift.window.rows == 0


def test_truths_of_this_version_count_whoever_is_told_them_and_others_do_not() -> None:
    asked = Asked(Settings(min_rows=100, min_seconds=60, mature_after_seconds=0))
    traffic = Traffic(asked)
    canary = Pod("pod-c", traffic.clock, "shop-v4")
    day = int(START) // 86_400
    traffic.operator.look([traffic.pod, canary])
    traffic.slot(rows=100)
    for _ in range(30):
        traffic.pod.tell(day, 0, 0)
        canary.tell(day, 0, 1)
        canary.tell(day, 0, 1, version=4)
    windows: list[Recorded] = []
    for _ in range(MINUTE_SLOTS):
        canary.ledger.seal()
        traffic.pod.ledger.seal()
        traffic.clock.at += 5
        windows += traffic.operator.look([traffic.pod, canary]).windows
    assert [sum(truth.rows for truth in window.truths) for window in windows] == [60]


def test_after_a_promotion_evidence_begins_anew_and_the_numbers_of_alarms_go_on() -> None:
    traffic = Traffic()
    before = traffic.minute(ages=[70.0])
    after = go_on(before, "shop-v4", ASKED, traffic.clock.at)
    assert (after.version, after.drift, after.basis, after.alarmed) == ("shop-v4", None, None, 1)
    assert after.alarms == before.alarms
    assert after.because == "shop-v4 serves in place of shop-v3"


def test_other_settings_begin_without_evidence_and_with_what_is_known_of_pods() -> None:
    before = Traffic().minute(ages=[70.0])
    other = replace(ASKED, settings=Settings(min_rows=500))
    after = go_on(before, "shop-v3", other, START + 300)
    assert (after.drift, after.findings.window, after.findings.streak) == (None, None, 0)
    assert (after.slots, after.folded, after.basis, after.alarms) == (
        before.slots,
        before.folded,
        before.basis,
        before.alarms,
    )
    assert (after.begun, after.because) == (int(START + 300) * 1000, "the policy asks for other tests than before")
    assert go_on(after, "shop-v3", other, START + 900) is after


def test_silence_is_told_from_the_usual_pauses() -> None:
    traffic = Traffic()
    for rows in [200, 0, 0, 200] * 3:
        traffic.slot(rows=rows)
    seen = seen_of(traffic.operator.watched, traffic.clock.at)
    assert seen.usual_gap_seconds == 10
    assert seen.last_rows_at == int(traffic.clock.at * 1000)


def test_while_counts_are_waited_for_nobody_is_said_to_be_silent() -> None:
    traffic = Traffic()
    traffic.minute()
    assert seen_of(traffic.operator.watched, traffic.clock.at + 60).last_rows_at == int(traffic.clock.at * 1000)
    assert seen_of(traffic.operator.watched, traffic.clock.at + 120).last_rows_at is None


def test_state_is_kept_exactly() -> None:
    traffic = Traffic()
    traffic.minute(ages=[70.0])
    traffic.pod.tell(int(START) // 86_400, 0, 1)
    watched = traffic.slot(rows=5).watched
    assert restore(save(watched)) == watched
    assert seen_of(restore(save(watched)), 1.0) == seen_of(watched, 1.0)


def test_of_a_state_of_another_release_alarms_and_pods_are_known_and_evidence_begins_anew() -> None:
    traffic = Traffic()
    traffic.minute(ages=[70.0])
    known = traffic.operator.watched
    assert known.drift is not None
    text = zlib.decompress(save(known)).decode()
    older = text.replace('\\"format\\":', '\\"format\\":9')
    assert older != text
    restored = restore(zlib.compress(older.encode()))
    assert (restored.alarms, restored.folded, restored.slots) == (known.alarms, known.folded, known.slots)
    traffic.operator.watched = restored
    watched = traffic.slot(rows=1).watched
    assert watched.because == "another release of Mooring tests in another way"
    assert watched.findings.window is None


def test_garbage_is_no_state() -> None:
    written = save(Traffic().operator.watched)
    for garbage in (b"", b"{}", written[:-1], written[:9] + b"x" + written[10:]):
        with pytest.raises(ValueError):  # noqa: PT011 (whatever it says)
            restore(garbage)


def test_without_a_profile_windows_are_counted_and_nothing_is_known() -> None:
    traffic = Traffic()
    watched = replace(
        traffic.operator.watched, basis=Basis(binner().layout, None, lacking="shop-v3 came without a profile")
    )
    traffic.operator.watched, traffic.operator.fitted = watched, watched.fitted  # type: ignore[assignment]
    seen = seen_of(traffic.minute(), traffic.clock.at)
    assert seen.window is not None
    assert (seen.window.inputs.state, seen.window.predictions.state, seen.closed) == ("Unknown", "Unknown", 1)
    assert seen.warnings == ("shop-v3 came without a profile: windows are counted, and nothing can be said of them",)


def test_a_reference_without_rows_says_nothing() -> None:
    traffic = Traffic()
    empty = profile(rows=0)
    traffic.operator.watched = replace(traffic.operator.watched, basis=Basis(binner().layout, empty, digest_of(empty)))
    traffic.operator.fitted = Fitted(binner().layout, ASKED, empty)
    window = traffic.minute(ages=[70.0]).findings.window
    assert window is not None
    assert (window.inputs.state, window.predictions.state) == ("Unknown", "Unknown")


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        (Layout((FeatureCells("size", "number", 4),), 2, 2), "no number 'size'"),
        (Layout((FeatureCells("age", "text", 4),), 2, 2), "no text 'age'"),
        (Layout((FeatureCells("age", "number", 5),), 2, 2), "4 bins, pods count 5"),
        (Layout((), 3, 2), "2 bins, pods count 3"),
        (Layout((), 2, 3), "2 classes, pods count 3"),
    ],
)
def test_a_profile_of_another_model_does_not_fit(layout: Layout, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _ = Fitted(layout, ASKED, profile()).watch


def test_everything_that_a_policy_says_of_tests_is_asked() -> None:
    spec = DriftPolicySpec.model_validate(
        {
            "deployment": "shop",
            "window": {"minRows": 300, "minSeconds": 30},
            "falseAlarms": {"perDays": 7},
            "features": {"exclude": ["b", "a"]},
            "quality": {"missing": "0.1", "unseen": "0.2", "outOfRange": "0.3"},
            "inputs": {"effect": "0.07"},
            "predictions": {"effect": "0.08"},
            "harm": {"metric": "mae", "tolerance": "0.09", "labels": {"matureAfterSeconds": 60, "minCoverage": "0.5"}},
        }
    )
    settings = Settings(
        min_rows=300,
        min_seconds=30,
        per_days=7,
        missing=0.1,
        unseen=0.2,
        out_of_range=0.3,
        inputs_effect=0.07,
        predictions_effect=0.08,
        tolerance=0.09,
        mature_after_seconds=60,
        min_coverage=0.5,
    )
    assert Asked.of(spec) == Asked(settings, ("a", "b"), "mae")


def test_a_metric_of_another_task_judges_nothing_and_says_so() -> None:
    traffic = Traffic(replace(ASKED, metric="mae"))
    assert traffic.operator.fitted.watch.loss is None
    assert seen_of(traffic.operator.watched, START).warnings == (
        "harm.metric mae is none of what shop-v3 does: harm is not judged",
    )
