"""The real Envoy with the files that are rendered: who answers, who is asked beside, and what is told to whom."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mooring.reconcile.traffic.counts import Reading, observed_percent
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.callers import PATH, caller
from tests.unit.traffic.conftest import CANARY, STABLE
from tests.unit.traffic.proxy import Proxy, eventually, free_port, proxy
from tests.unit.traffic.upstream import Told, Upstream

Pods = dict[str, Upstream]
BOTH = Split(STABLE, CANARY)
SIGMAS = 5
"""A wrong weight is seen; of right ones, one run in two million is called wrong."""


def as_role(pod: Upstream, role: str) -> list[Told]:
    return [told for told in pod.told if told.headers.get("x-mooring-role") == role]


async def arms_of(envoy: Proxy, users: int) -> Mapping[str, str]:
    """Return the arm that answers each user."""
    names = [f"user-{number}" for number in range(users)]
    async with caller(envoy.url) as asking:
        answers = await asking.ask_all([{"x-user-id": name} for name in names])
    return {name: answer.text for name, answer in zip(names, answers, strict=True)}


def within(count: int, total: int, percent: int) -> bool:
    share = percent / 100
    return abs(count - total * share) <= SIGMAS * (total * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("weight", [5, 30, 75])
async def test_requests_are_divided_by_weight(envoy: Proxy, weight: int) -> None:
    envoy.apply(replace(BOTH, weight=weight))
    async with caller(envoy.url) as asking:
        answered = await asking.shares(2000)
    assert within(answered[CANARY], 2000, weight), answered


@pytest.mark.parametrize(("weight", "only"), [(0, STABLE), (100, CANARY)])
async def test_none_and_all_are_exact(envoy: Proxy, pods: Pods, weight: int, only: str) -> None:
    envoy.apply(replace(BOTH, weight=weight))
    async with caller(envoy.url) as asking:
        assert await asking.shares(500) == {only: 500}
    assert {arm: len(pod.told) for arm, pod in pods.items()}[only] == 500


async def test_whoever_got_the_canary_keeps_it_while_its_weight_rises(envoy: Proxy) -> None:
    before: set[str] = set()
    for weight in (20, 30, 60):
        envoy.apply(replace(BOTH, weight=weight, sticky="x-user-id", salt="one"))
        arms = await arms_of(envoy, 1000)
        chosen = {user for user, arm in arms.items() if arm == CANARY}
        assert within(len(chosen), 1000, weight)
        assert before <= chosen
        assert arms == await arms_of(envoy, 1000)
        before = chosen


async def test_each_rollout_tries_others_first(envoy: Proxy) -> None:
    chosen = []
    for salt in ("one", "two"):
        envoy.apply(replace(BOTH, weight=20, sticky="x-user-id", salt=salt))
        chosen.append({user for user, arm in (await arms_of(envoy, 1000)).items() if arm == CANARY})
    assert within(len(chosen[0] & chosen[1]), 1000, 4)


async def test_requests_without_the_sticky_header_are_divided_all_the_same(envoy: Proxy) -> None:
    envoy.apply(replace(BOTH, weight=30, sticky="x-user-id", salt="one"))
    async with caller(envoy.url) as asking:
        assert within((await asking.shares(1000))[CANARY], 1000, 30)


async def test_a_shadow_is_asked_and_never_heard(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, shadow_percent=100))
    async with caller(envoy.url) as asking:
        assert await asking.shares(200) == {STABLE: 200}
    eventually(lambda: len(pods[CANARY].told) == 200)
    assert len(as_role(pods[CANARY], "shadow")) == 200
    ids = [{told.headers["x-request-id"] for told in pod.told} for pod in pods.values()]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 200


async def test_a_part_of_the_predictions_is_shadowed(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, shadow_percent=30))
    async with caller(envoy.url) as asking:
        await asking.shares(2000)
    last = {told.headers["x-request-id"] for told in pods[STABLE].told}
    assert len(last) == 2000
    assert within(len(pods[CANARY].told), 2000, 30)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v2/models/income/feedback?x=1"), ("GET", "/v2/models/income"), ("GET", "/docs")]
)
async def test_only_predictions_are_shadowed(envoy: Proxy, pods: Pods, method: str, path: str) -> None:
    envoy.apply(replace(BOTH, shadow_percent=100))
    async with caller(envoy.url) as asking:
        for _ in range(20):
            assert (await asking.ask(path=path, method=method)).text == STABLE
        await asking.ask()
    eventually(lambda: pods[CANARY].told)
    assert [told.path for told in pods[CANARY].told] == [PATH]


async def test_a_tester_chooses_the_arm_and_is_marked(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(BOTH)
    async with caller(envoy.url) as asking:
        for arm, role in ((CANARY, "canary"), (STABLE, "stable")):
            answer = await asking.ask({"x-mooring-role": role})
            assert (answer.text, answer.headers["mooring-role"]) == (arm, "tester")
            assert pods[arm].told[-1].headers["x-mooring-override"] == role


async def test_callers_cannot_say_what_only_the_router_may(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, weight=100))
    said = {
        "x-mooring-role": "shadow",
        "x-mooring-override": "1",
        "x-mooring-forwarded": "1",
        "x-request-id": "mine",
        "x-envoy-retry-on": "5xx",
        "x-envoy-upstream-rq-timeout-ms": "1",
    }
    async with caller(envoy.url) as asking:
        answer = await asking.ask(said)
    told = pods[CANARY].told[-1].headers
    assert told["x-mooring-role"] == answer.headers["mooring-role"] == "canary"
    assert told["x-request-id"] != "mine"
    assert not {"x-mooring-override", "x-mooring-forwarded", "x-envoy-retry-on"} & told.keys()
    assert told["x-forwarded-for"]


async def test_a_sticky_caller_is_one_caller_to_the_ledger(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, weight=100, sticky="x-user-id", salt="one"))
    async with caller(envoy.url) as asking:
        await asking.ask({"x-user-id": "ann"})
        await asking.ask({"x-user-id": "ann", "x-mooring-caller": "team-a"})
        await asking.ask()
    callers = [told.headers.get("x-mooring-caller") for told in pods[CANARY].told]
    assert callers == ["ann", "team-a", None]


async def test_no_request_is_lost_while_the_split_changes(envoy: Proxy) -> None:
    envoy.apply(BOTH)
    statuses: list[int] = []
    done = asyncio.Event()

    async def go_on() -> None:
        async with caller(envoy.url) as asking:
            while not done.is_set():
                statuses.extend(answer.status for answer in await asking.ask_all([{}] * 16))

    load = asyncio.create_task(go_on())
    splits = [replace(BOTH, weight=weight) for weight in (10, 50, 100)]
    splits += [Split(CANARY, idle=(STABLE,)), Split(CANARY), Split(CANARY, idle=(STABLE,)), BOTH]
    for split in splits:
        await asyncio.to_thread(envoy.apply, split)
        reached = len(statuses) + 100
        await asyncio.to_thread(eventually, lambda reached=reached: len(statuses) > reached)
    done.set()
    await load
    assert set(statuses) == {200}


async def test_a_pod_that_cannot_be_reached_costs_no_request(pods: Pods, tmp_path: Path) -> None:
    folder = tmp_path / "envoy"
    with proxy(folder, {STABLE: pods[STABLE].port}, Split(STABLE)) as envoy:
        clusters = json.loads((folder / "clusters.json").read_text())
        arm = clusters["resources"][0]
        gone = copy.deepcopy(arm["load_assignment"]["endpoints"][0])
        gone["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]["port_value"] = free_port()
        arm["load_assignment"]["endpoints"].append(gone)
        envoy.put({"clusters.json": json.dumps(clusters), "routes.json": (folder / "routes.json").read_text()})
        eventually(lambda: f"{STABLE}.membership_total: 2" in envoy.ops(f"/stats?filter={STABLE}")[1])
        async with caller(envoy.url) as asking:
            assert await asking.shares(200) == {STABLE: 200}
        failed = envoy.ops(f"/stats?usedonly&filter={STABLE}.upstream_cx_connect_fail")[1]
        assert "connect_fail: " in failed


async def test_a_request_that_may_have_begun_is_not_repeated(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, weight=100))
    pods[CANARY].breaks = True
    async with caller(envoy.url) as asking:
        answer = await asking.ask()
    assert answer.status == 503
    assert "error" in answer.text
    assert len(pods[CANARY].told) == 1


async def test_what_is_in_force_is_read_from_envoy(envoy: Proxy) -> None:
    envoy.apply(replace(BOTH, weight=30))
    seen = envoy.reading().in_force
    assert seen is not None
    assert (seen.shares, seen.shadow) == ({CANARY: 30, STABLE: 70}, {})
    assert seen.arms == {STABLE, CANARY}
    envoy.apply(replace(BOTH, shadow_percent=40))
    seen = envoy.reading().in_force
    assert seen is not None
    assert (seen.shares, seen.shadow) == ({STABLE: 100}, {CANARY: 40})


async def test_each_request_is_counted_once_by_who_answered_and_how(envoy: Proxy, pods: Pods) -> None:
    envoy.apply(replace(BOTH, weight=50))
    before = envoy.reading()
    async with caller(envoy.url) as asking:
        answered = await asking.shares(200)
        await asking.ask_all([{"x-mooring-role": "canary"}] * 10)
        envoy.apply(replace(BOTH, weight=100))
        await asking.ask({"x-status": "500"})
        pods[CANARY].breaks = True
        await asking.ask()
    counts = eventually(lambda: _complete(before, envoy.reading(), 202))
    assert counts[STABLE].requests == answered[STABLE]
    assert counts[CANARY].requests == answered[CANARY] + 2
    assert (counts[CANARY].failed, counts[CANARY].unanswered) == (1, 1)
    assert observed_percent(counts, CANARY) == pytest.approx(100 * (answered[CANARY] + 2) / 202)


def _complete(before: Reading, after: Reading, total: int) -> Mapping[str, object] | None:
    counts = after.since(before)
    assert counts is not None
    return counts if sum(each.requests for each in counts.values()) == total else None


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/stats"), ("GET", "/quitquitquit"), ("POST", "/quitquitquit"), ("GET", "/help")]
)
def test_outside_of_the_pod_envoy_may_only_be_read(envoy: Proxy, method: str, path: str) -> None:
    assert envoy.ops(path, method)[0] == 404
