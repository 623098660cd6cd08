"""Every row is counted once: whatever the order, the doubling and the restarts of pods and of the operator."""

from __future__ import annotations

import operator
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.reconcile.drift.reference import Asked
from mooring.stats.drift import Settings
from tests.unit.reconcile.drift.service import START, Clock, Operator, Pod, binner

ENDLESS = Asked(Settings(min_rows=1_000_000, min_seconds=60))
"""No window closes, so that it holds everything."""
DEADLY = ("ask", "ask", "wait", "seal", "look", "look", "save", "restart", "deaf", "killed container", "killed pod")
ACTIONS = ("ask", "ask", "wait", "seal", "look", "save", "restart", "end", "new", "old answer", "deaf")


def cells(asked: list[tuple[float, str, int]]) -> tuple[int, ...]:
    """Return the cells of rows, counted one by one: four ages, three of its own; two colors, three of their own."""
    found = [0] * (7 + 5 + 4)
    for age, color, label in asked:
        found[sum(age > edge for edge in (20.0, 40.0, 60.0))] += 1
        found[7 + {"green": 0, "red": 1, "blue": 2, "mauve": 3}[color]] += 1
        found[12 + 3 * label] += 1
    return tuple(found)


rows = st.tuples(
    st.sampled_from([10.0, 30.0, 50.0, 70.0]), st.sampled_from(["green", "red", "blue", "mauve"]), st.integers(0, 1)
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_counts_folded_are_the_counts_of_raw_rows(data: st.DataObject) -> None:
    clock = Clock()
    reader = Operator.new(clock, ENDLESS)
    pods = [Pod("pod-0", clock), Pod("pod-1", clock)]
    made, asked, kept = 2, [], reader.saved()
    clock.at += 5.0
    for pod in pods:
        pod.ledger.seal()  # what ends with the slot in which evidence begins is older than that
    for action in data.draw(st.lists(st.sampled_from(ACTIONS), max_size=40)):
        alive = [pod for pod in pods if not pod.ended]
        if action == "ask" and alive:
            row = data.draw(rows)
            asked.append(row)
            data.draw(st.sampled_from(alive)).ask(*row)
        elif action == "wait":
            clock.at += data.draw(st.sampled_from([0.4, 5.0, 20.0]))
        elif action == "seal":
            for pod in alive:
                pod.ledger.seal()
        elif action in ("look", "deaf"):
            deaf = [data.draw(st.sampled_from(pods))] if action == "deaf" and pods else []
            reader.look(pods, deaf=[pod for pod in deaf if not pod.ended], patience=1e9)
            if any(pod.ended for pod in pods):
                kept = reader.saved()  # a last word is written before it can be forgotten
            pods = [pod for pod in pods if not pod.ended]
        elif action == "save":
            kept = reader.saved()
        elif action == "restart":
            reader = Operator.new(clock, ENDLESS, kept)
        elif action == "end" and len(alive) > 1:
            data.draw(st.sampled_from(alive)).end()
        elif action == "new":
            pods.append(Pod(f"pod-{made}", clock))
            made += 1
        elif action == "old answer":
            old = Operator.new(clock, ENDLESS, kept)
            old.look(pods, patience=1e9)  # somebody else reads too: nothing of it is ours
    for pod in pods:
        if not pod.ended:
            pod.ledger.seal()
    clock.at += 1.0
    reader.look(pods, patience=1e9)
    clock.at += 60.0
    for pod in pods:
        if not pod.ended:
            pod.ledger.seal()
    reader.look(pods, patience=1e9)
    drift = reader.watched.drift
    assert drift is not None
    waiting = [arms["watched"].cells for arms in reader.watched.slots.open.values() if arms["watched"].cells]
    assert not waiting
    assert drift.window.unknown == 0
    assert drift.window.rows == len(asked)
    assert reduce(
        lambda one, other: tuple(map(operator.add, one, other)), [drift.window.cells or cells([])], cells([])
    ) == cells(asked)
    assert START % 5 == 0
    assert len(cells(asked)) == sum(feature.cells for feature in binner().layout.features) + 4


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_what_dies_with_a_pod_is_unknown_and_nothing_is_counted_twice(data: st.DataObject) -> None:
    clock = Clock()
    reader = Operator.new(clock, ENDLESS)
    pods = [Pod("pod-0", clock), Pod("pod-1", clock)]
    clock.at += 5.0
    for pod in pods:
        pod.ledger.seal()
    reader.look(pods)
    asked, kept = 0, reader.saved()
    for action in data.draw(st.lists(st.sampled_from(DEADLY), max_size=40)):
        pod = data.draw(st.sampled_from(pods))
        if action == "ask":
            asked += 1
            pod.ask(10.0, "red", 0)
        elif action == "wait":
            clock.at += data.draw(st.sampled_from([0.4, 5.0, 20.0]))
        elif action == "seal":
            for one in pods:
                one.ledger.seal()
        elif action in ("look", "deaf"):
            reader.look(pods, deaf=[pod] if action == "deaf" else [])
        elif action == "save":
            kept = reader.saved()
        elif action == "restart":
            reader = Operator.new(clock, ENDLESS, kept)
        elif action == "killed container":
            pod.start()
        elif action == "killed pod":
            pods = [*(one for one in pods if one is not pod), Pod(f"{pod.name}x", clock)]
            reader.look(pods)  # who is new is asked at once
            kept = reader.saved()
    for _ in range(12):
        clock.at += 5.0
        for one in pods:
            one.ledger.seal()
        reader.look(pods)
    drift = reader.watched.drift
    assert drift is not None
    assert drift.window.rows <= asked
    assert drift.window.rows == asked or drift.window.unknown > 0
