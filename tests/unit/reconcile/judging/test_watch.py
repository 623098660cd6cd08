"""From sealed intervals to the judge: each arm gets its own counts, and nothing that is not known passes for zero."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from mooring.ledger.interval import Interval, Join
from mooring.ledger.layout import CALLERS, OUTCOMES, ROLES, Layout
from mooring.ledger.slots import Closed, Slots, Told, await_pod, lose, take
from mooring.reconcile.judging.saved import restore, save
from mooring.reconcile.judging.tally import Tally, tally
from mooring.reconcile.judging.watch import (
    Subject,
    Watch,
    begin,
    counted_by_proxies,
    counts_of,
    decision,
    goes_on,
    judge,
)
from mooring.reconcile.judging.weights import Weights
from mooring.reconcile.traffic.counts import ArmCounts
from mooring.stats.judge import Arm, Labels, Settings

LAYOUT = Layout((), bins=2, classes=2)
NOW = 1000.0
SLOT = 201
SUBJECT = Subject("k", "a", "b", 1, 2, "first", 0, False, Settings(quality_tolerance=0.01), 50_000)


def cells(**counts: int) -> array[int]:
    """Return a role's cells: requests by outcome, all of caller bucket 3."""
    made = array("q", bytes(8 * LAYOUT.size))
    first = LAYOUT.slices["callers"].start + 3 * len(OUTCOMES)
    for outcome in OUTCOMES:
        made[first + OUTCOMES.index(outcome)] = counts.get(outcome, 0)
    made[LAYOUT.slices["shadow"].start] = counts.get("compared", 0)
    made[LAYOUT.slices["shadow"].start + 1] = counts.get("disagreed", 0)
    width = LAYOUT.shapes["latency"][1]
    made[LAYOUT.slices["latency"].start + 4 * width - 1] = counts.get("slow", 0)
    return made


def arm(requests: int, failures: int = 0, slow: int = 0) -> Arm:
    def at(count: int) -> tuple[int, ...]:
        return tuple(count if bucket == 3 else 0 for bucket in range(CALLERS))

    return Arm(at(requests), at(failures), at(slow))


def watching(subject: Subject = SUBJECT, **tallies: Tally) -> Watch:
    """Return a watch in which each arm told its counts of one slot by one pod, at a weight of 10%."""
    watch = replace(begin(subject, NOW), weights=Weights().confirmed(100, 0))
    for name, counts in tallies.items():
        told = Told(name, f"pod-{name}", "1", {SLOT: counts}, SLOT, final=False)
        watch = replace(watch, slots=take(watch.slots, told))
    return watch


def closed(watch: Watch) -> Closed[Tally]:
    return Closed(SLOT, watch.slots.open.get(SLOT, {}), watch.slots.missing.get(SLOT, frozenset()))


def test_what_was_not_answered_is_a_failure_and_testers_and_shadows_are_not_heard() -> None:
    roles = {
        "canary": cells(ok=7, caller=1, model=2, overload=3, slow=4),
        "stable": cells(ok=5),
        "tester": cells(model=90),
        "shadow": cells(ok=1, model=1, compared=2, disagreed=1),
    }
    found = tally(Interval(1, 0, 5000, roles), LAYOUT, 50_000)
    assert found.heard == arm(18, 6, 4)
    assert found.shadow == arm(2, 1)
    assert (found.compared, found.disagreed) == (2, 1)


def test_without_a_threshold_nothing_is_slow() -> None:
    assert tally(Interval(1, 0, 5000, {"stable": cells(ok=5, slow=5)}), LAYOUT, None).heard == arm(5)


@pytest.mark.parametrize(
    ("classes", "stratum", "outcome", "loss"), [(2, 3, 1, 0.0), (2, 3, 0, 4.0), (1, 0, 7, 0.0), (1, 0, 8, 4.0)]
)
def test_a_truth_is_a_loss_where_the_label_or_a_regressions_error_is_off(
    classes: int, stratum: int, outcome: int, loss: float
) -> None:
    layout = Layout((), bins=2, classes=classes)
    join = Join(2, ROLES.index("canary"), 0, stratum, outcome)
    assert tally(Interval(1, 0, 5000, {}, {join: 4}), layout, None).labels == {"canary/2": Labels(4, loss)}


def test_each_arm_is_judged_by_what_its_own_pods_counted() -> None:
    watch = watching(a=Tally(heard=arm(90, 1)), b=Tally(heard=arm(10, 2)))
    counted = counts_of(watch, SUBJECT, closed(watch))
    assert (counted.start, counted.end, counted.weight) == (1_000_000, 1_005_000, 100)
    assert (counted.stable, counted.canary) == (arm(90, 1), arm(10, 2))


def test_a_shadow_is_judged_by_what_nobody_heard() -> None:
    shadowing = replace(SUBJECT, shadow=True)
    watch = watching(shadowing, a=Tally(heard=arm(90)), b=Tally(shadow=arm(88, 1), compared=80, disagreed=3))
    counted = counts_of(watch, shadowing, closed(watch))
    assert (counted.stable, counted.canary) == (arm(90), arm(88, 1))
    assert (counted.compared, counted.disagreed) == (80, 3)


def test_truth_that_came_to_a_pod_of_the_other_arm_counts_for_whoever_predicted() -> None:
    labels = {"stable/1": Labels(5, 1.0), "canary/2": Labels(3, 2.0), "tester/2": Labels(9, 9.0)}
    watch = watching(a=Tally(labels=labels), b=Tally(labels={"stable/1": Labels(1, 0.0)}))
    counted = counts_of(watch, SUBJECT, closed(watch))
    assert (counted.stable_labels, counted.canary_labels) == (Labels(6, 1.0), Labels(3, 2.0))


def test_of_one_version_under_two_templates_the_role_tells_whose_truth_it_is() -> None:
    same = replace(SUBJECT, canary_number=1)
    watch = watching(same, a=Tally(labels={"stable/1": Labels(5, 1.0), "canary/1": Labels(2, 2.0)}))
    counted = counts_of(watch, same, closed(watch))
    assert (counted.stable_labels, counted.canary_labels) == (Labels(5, 1.0), Labels(2, 2.0))


def test_requests_that_no_pod_answered_are_the_proxies_to_tell() -> None:
    watch = watching(a=Tally(heard=arm(90)), b=Tally(heard=arm(10)))
    grown = {"a": ArmCounts(90, 0), "b": ArmCounts(14, unanswered=4)}
    counted = counts_of(counted_by_proxies(watch, 1005.7, grown), SUBJECT, closed(watch))
    assert counted.canary == replace(arm(10), outside_requests=4, outside_failures=4)
    assert counted.stable == arm(90)


def test_where_a_ledger_is_lost_proxies_stand_in_for_both_arms() -> None:
    watch = watching(a=Tally(heard=arm(90)), b=Tally(heard=arm(3)))
    watch = counted_by_proxies(watch, 1005.7, {"a": ArmCounts(90, 1), "b": ArmCounts(14, 4, failed=2, gone=1)})
    lost = replace(closed(watch), missing=frozenset("b"))
    counted = counts_of(watch, SUBJECT, lost)
    assert counted.stable == Arm(outside_requests=90, outside_failures=1)
    assert counted.canary == Arm(outside_requests=13, outside_failures=6)


@pytest.mark.parametrize("grown", [None, {}])
def test_where_neither_knows_the_interval_is_unknown(grown: dict[str, ArmCounts] | None) -> None:
    watch = counted_by_proxies(watching(a=Tally(heard=arm(90))), 1005.7, grown)
    counted = counts_of(watch, SUBJECT, replace(closed(watch), missing=frozenset("b")))
    assert (counted.stable, counted.canary) == (None, None)


def test_an_interval_in_which_the_weight_changed_has_none() -> None:
    watch = watching(a=Tally(heard=arm(90)))
    changed = replace(watch, weights=watch.weights.unless(250, 1_002_000).confirmed(250, 1_004_000))
    assert counts_of(changed, SUBJECT, closed(watch)).weight is None
    assert changed.weights.during(995_000, 1_000_000) == 100
    assert changed.weights.during(1_005_000, 1_010_000) == 250


def test_a_slot_is_judged_once_when_all_have_told_it() -> None:
    watch = watching(a=Tally(heard=arm(90)))
    watch = replace(watch, slots=await_pod(watch.slots, "pod-b", "b"))
    assert judge(watch, SUBJECT, 1006.0).judge == watch.judge
    told = Told("b", "pod-b", "1", {SLOT: Tally(heard=arm(10))}, SLOT, final=False)
    once = judge(replace(watch, slots=take(watch.slots, told)), SUBJECT, 1006.0)
    assert once.judge.through == 1_005_000
    assert judge(once, SUBJECT, 1007.0) == once


def test_a_crashing_canary_is_seen_through_the_proxies_alone() -> None:
    """Its ledger dies with it, and no request of it is ever counted by a pod."""
    watch = replace(begin(SUBJECT, NOW), weights=Weights().confirmed(100, 0))
    for slot in range(SLOT, SLOT + 20):
        now = slot * 5 + 0.7
        stable = Told("a", "pod-a", "1", {slot: Tally(heard=arm(90))}, slot, final=False)
        watch = replace(watch, slots=lose(await_pod(take(watch.slots, stable), "pod-b", "b"), [], now))
        watch = counted_by_proxies(watch, now, {"a": ArmCounts(90), "b": ArmCounts(10, unanswered=10)})
        watch = judge(watch, SUBJECT, now)
    assert decision(watch, SUBJECT).verdict == "Abort"


def test_a_step_begins_anew_and_evidence_goes_on() -> None:
    watch = watching(a=Tally(heard=arm(900)), b=Tally(heard=arm(100)))
    later = judge(watch, SUBJECT, 1006.0)
    stepped = judge(later, replace(SUBJECT, step="second"), 1007.0)
    assert stepped.step == "second"
    assert stepped.judge.step.requests == 0
    assert stepped.judge.errors == later.judge.errors


def test_state_is_kept_exactly() -> None:
    watch = watching(a=Tally(heard=arm(90), labels={"stable/1": Labels(5, 1.0)}), b=Tally(compared=3))
    watch = counted_by_proxies(watch, 1005.7, {"a": ArmCounts(90, 1)})
    watch = replace(watch, slots=lose(watch.slots, ["pod-b"], 1011.0))
    assert restore(save(watch)) == watch
    once = judge(watch, SUBJECT, 1030.0)
    assert judge(restore(save(watch)), SUBJECT, 1030.0) == once
    assert restore(save(once)) == once


def test_state_of_another_rollout_is_not_gone_on_with() -> None:
    watch = begin(SUBJECT, NOW)
    assert goes_on(watch, SUBJECT)
    assert goes_on(watch, replace(SUBJECT, key=None))
    assert not goes_on(watch, replace(SUBJECT, key="again"))
    assert not goes_on(watch, replace(SUBJECT, canary="c"))


def test_garbage_is_no_state() -> None:
    with pytest.raises(ValueError, match="format 7"):
        restore(save(begin(SUBJECT, NOW)).replace('"format":1', '"format":7', 1))
    with pytest.raises(ValueError, match="validation"):
        restore("{}")


def test_slots_begin_when_the_rollout_does() -> None:
    assert begin(SUBJECT, NOW).slots == Slots(200)
