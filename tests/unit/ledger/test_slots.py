"""Slots: what several pods counted in the same five seconds, each exactly once, and what is missing is said."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from mooring.ledger.slots import PATIENCE_SECONDS, Closed, Slots, Told, await_pod, close, lose, slot_of, take

START = 100
END = START + 8
LATE = END * 5.0 + PATIENCE_SECONDS + 6
"""When even who waits for the silent has waited enough."""


def told(pod: str, counts: dict[int, int], *, arm: str = "a", life: str = "1", **more: bool) -> Told[int]:
    return Told(arm, pod, life, counts, more.pop("last", max(counts)), more.pop("final", False), **more)  # type: ignore[arg-type]


def run(slots: Slots[int], now: float) -> list[Closed[int]]:
    return list(close(slots, now)[1])


@dataclass(frozen=True)
class Answer:
    at: float
    told: Told[int]


@st.composite
def answers(draw: st.DrawFn) -> list[Answer]:
    """Return answers of pods that count k in slot k, each told in pieces of any size, in time."""
    found = []
    for pod in range(draw(st.integers(1, 4))):
        arm = draw(st.sampled_from(("a", "b")))
        at = START + 1
        while at <= END:
            upto = min(END, at + draw(st.integers(0, 2)))
            counts = {slot: slot for slot in range(at, upto + 1) if draw(st.booleans())}
            found.append(Answer(upto * 5 + 0.3, Told(arm, f"p{pod}", "1", counts, upto, final=False)))
            at = upto + 1
    return sorted(found, key=lambda answer: answer.at)


@given(answers())
def test_every_count_is_closed_once_in_its_slot(found: list[Answer]) -> None:
    slots: Slots[int] = Slots(START)
    for answer in found:
        slots = await_pod(slots, answer.told.pod, answer.told.arm)
    closed: list[Closed[int]] = []
    for answer in found:
        slots, more = close(take(slots, answer.told), answer.at)
        closed += more
    closed += run(slots, LATE)
    assert [entry.slot for entry in closed][: END - START] == list(range(START + 1, END + 1))
    for entry in closed[: END - START]:
        assert entry.missing == frozenset()
        for arm in ("a", "b"):
            here = [a.told.counts[entry.slot] for a in found if a.told.arm == arm and entry.slot in a.told.counts]
            assert entry.counts.get(arm, 0) == sum(here)


def test_a_slot_waits_for_the_slowest_pod() -> None:
    slots = await_pod(await_pod(Slots[int](START), "p", "a"), "q", "b")
    slots = take(slots, told("p", {101: 7}))
    assert run(slots, 506.0) == []
    slots = take(slots, told("q", {101: 2}, arm="b"))
    assert run(slots, 506.0) == [Closed(101, {"a": 7, "b": 2}, frozenset())]


def test_a_pod_that_stays_silent_makes_its_arm_unknown() -> None:
    slots = take(await_pod(Slots[int](START), "q", "b"), told("p", {101: 7}))
    assert run(slots, 505.0 + PATIENCE_SECONDS) == []
    assert run(slots, 505.1 + PATIENCE_SECONDS) == [Closed(101, {"a": 7}, frozenset({"b"}))]


def test_what_a_pod_counted_before_it_died_is_known_and_the_rest_is_missing() -> None:
    slots = take(take(Slots[int](START), told("p", {101: 7})), told("q", {101: 1, 102: 1, 103: 1, 104: 1}))
    slots = lose(slots, ["p"], now=513.0)
    assert [(entry.slot, entry.missing) for entry in run(slots, 520.5)] == [
        (101, frozenset()),
        (102, frozenset("a")),
        (103, frozenset("a")),
        (104, frozenset()),
    ]


def test_a_pod_that_never_told_anything_takes_nothing_with_it() -> None:
    slots = take(await_pod(Slots[int](START), "p", "b"), told("q", {101: 1, 102: 1}))
    assert [entry.missing for entry in run(lose(slots, ["p"], 506.0), 511.0)] == [frozenset(), frozenset()]


def test_a_restarted_container_leaves_a_gap() -> None:
    slots = take(Slots[int](START), told("p", {101: 7}))
    slots = take(slots, told("p", {103: 5, 104: 5}, life="2"))
    assert [(entry.slot, entry.counts, entry.missing) for entry in run(slots, 520.5)] == [
        (101, {"a": 7}, frozenset()),
        (102, {}, frozenset("a")),
        (103, {"a": 5}, frozenset("a")),
        (104, {"a": 5}, frozenset()),
    ]


def test_intervals_that_were_overwritten_before_they_were_read_are_missing() -> None:
    slots = take(Slots[int](START), told("p", {101: 7}))
    slots = take(slots, told("p", {104: 5}, whole=False))
    assert [entry.slot for entry in run(slots, 520.5) if entry.missing] == [102, 103, 104]


def test_a_last_word_is_enough() -> None:
    slots = take(take(Slots[int](START), told("p", {101: 7}, final=True)), told("q", {101: 1, 102: 1}))
    assert [entry.missing for entry in run(slots, 511.0)] == [frozenset(), frozenset()]


def test_what_comes_after_its_slot_was_closed_is_not_counted_again() -> None:
    slots = take(await_pod(Slots[int](START), "q", "b"), told("p", {101: 7}))
    slots, _ = close(slots, 506.0 + PATIENCE_SECONDS)
    slots = take(slots, told("q", {101: 9, 102: 1}, arm="b"))
    assert 101 not in slots.open
    assert slots.open[102] == {"b": 1}


def test_nobody_to_wait_for_is_no_reason_to_close_early() -> None:
    assert run(Slots(START), 506.0) == []


def test_a_seal_that_is_late_belongs_to_the_slot_that_it_ended() -> None:
    assert slot_of(505_000) == slot_of(506_900) == 101
