"""Random histories of a canary: people, pods, proxies, the judge, time and crashes in any order. The laws hold."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mooring.reconcile.observed import Judgement, Observed, TrafficSeen
from mooring.stats.judge import Forecast, Verdict
from tests.unit.reconcile.canary import KEY, annotate, arm_of, canary, decision, foretell, status
from tests.unit.reconcile.scenes import add_version, bring_up, route
from tests.unit.reconcile.world import CONFIG, World

SIGN_OFF = {"name": "sign-off", "pause": "Manual"}
SHADOW = {"name": "shadow", "shadowPerCent": 50, "maxSeconds": 60}
PATHS: list[list[dict[str, Any]]] = [
    [{"name": "first", "weight": 5, "maxSeconds": 60}, {"name": "half", "weight": 50, "maxSeconds": 60}],
    [SHADOW, {"name": "first", "weight": 20, "maxSeconds": 60}, SIGN_OFF],
    [{"name": "soak", "maxSeconds": 30}, {"name": "half", "weight": 60}],
]
Shares = dict[str, int]


class Histories(RuleBasedStateMachine):
    """Two proxies that follow the ConfigMap when they like, and an observer that may be late."""

    @initialize(
        path=st.sampled_from(PATHS),
        holdback=st.sampled_from([0, 5]),
        replicas=st.sampled_from([1, 2, 5]),
        rounds=st.integers(0, 5),
    )
    def begin(self, path: list[dict[str, Any]], holdback: int, replicas: int, rounds: int) -> None:
        """Begin with nothing, or somewhere on the way of the second version."""
        self.world = World(CONFIG.model_copy(update={"envoy_image": "mooring-envoy:1"}))
        self.numbers = 1
        add_version(self.world, 1)
        rules = {"watchSecondsAfterPromotion": 600, "holdbackPerCent": holdback}
        self.spec = canary(*path, **rules) | {"replicas": replicas}
        self.served = False
        self.proxies: list[Shares] = [{}, {}]
        self.reading: TrafficSeen | None = None
        self.put()
        for _ in range(rounds):
            self.well("NoWorse")
            self.one_version_is_stable_from_the_first_on()
            if self.numbers == 1:
                self.train("Passed")

    def put(self) -> None:
        self.world.put("ModelDeployment", "income", spec=self.spec)

    # People.
    @rule(verdict=st.sampled_from(["Passed", "Passed", "Rejected"]))
    def train(self, verdict: str) -> None:
        if self.numbers < 5:
            self.numbers += 1
            add_version(self.world, self.numbers, verdict)

    @rule(number=st.one_of(st.none(), st.integers(1, 5)))
    def pin(self, number: int | None) -> None:
        self.spec.pop("version", None)
        if number is not None:
            self.spec["version"] = f"income-v{number}"
        self.put()

    @rule(memory=st.sampled_from(["256Mi", "512Mi"]))
    def edit(self, memory: str) -> None:
        self.spec["resources"] = {"limits": {"memory": memory}}
        self.put()

    @rule(path=st.sampled_from(PATHS))
    def edit_steps(self, path: list[dict[str, Any]]) -> None:
        self.spec["rollout"] = self.spec["rollout"] | {"steps": path}
        self.put()

    @rule(replicas=st.sampled_from([0, 1, 2, 5, 9]))
    def scale(self, replicas: int) -> None:
        self.spec["replicas"] = replicas
        self.put()

    @rule(suspend=st.booleans())
    def suspend(self, suspend: bool) -> None:
        self.spec["suspend"] = suspend
        self.put()

    @rule(
        verb=st.sampled_from(["abort", "rollback", "promote", "retry"]),
        number=st.integers(1, 5),
        word=st.integers(0, 3),
    )
    def ask(self, verb: str, number: int, word: int) -> None:
        annotate(self.world, verb, f"income-v{number}" + (f"/{word}" if verb == "retry" else ""))

    @rule(role=st.sampled_from(["canary", "stable"]), verb=st.sampled_from(["abort", "rollback", "promote"]))
    def ask_of_what_is_there(self, role: str, verb: str) -> None:
        arm = status(self.world).get(role)
        if arm is not None:
            rest = "/" + str(status(self.world)["rollout"].get("step")) if verb == "promote" else ""
            annotate(self.world, verb, arm["version"] + rest)

    # Pods, proxies, observers, the judge, time.
    @rule(index=st.integers(0, 4), ready=st.sampled_from([True, True, True, False]))
    def pods(self, index: int, ready: bool) -> None:
        children = [item["metadata"]["name"] for item in self.world.all("Deployment", "default")]
        if children:
            bring_up(self.world, children[index % len(children)], ready=ready)

    @rule()
    def endpoints(self) -> None:
        route(self.world)

    @rule(index=st.integers(0, 1))
    def a_proxy_reads(self, index: int) -> None:
        self.proxies[index] = self.asked()

    @rule()
    def the_observer_reads(self) -> None:
        asked = self.asked()
        agreed = all(proxy == asked for proxy in self.proxies)
        arm = arm_of(self.world, "canary")
        shadow = {arm: status(self.world).get("traffic", {}).get("shadow", 0)}
        self.reading = TrafficSeen(self.world.now, asked if agreed else None, shadow)

    @rule()
    def the_reading_arrives(self) -> None:
        before = self.world.brought.get(KEY) or Observed()
        self.world.brought[KEY] = replace(before, traffic=self.reading)

    @rule(verdict=st.sampled_from(["NoWorse", "NoWorse", "Undecided", "Abort"]), late=st.booleans())
    def the_judge_speaks(self, verdict: Verdict, late: bool) -> None:
        self.judge(verdict, ("previous", "stable") if late else ("stable", "canary"))

    def judge(self, verdict: Verdict, of: tuple[str, str]) -> None:
        since = status(self.world).get("rollout", {}).get("since")
        arms = [arm_of(self.world, role) for role in of]
        moment = datetime.fromisoformat(since) if since else None
        judged = Judgement(arms[0], arms[1], moment, decision(self.world, verdict, "because"))
        before = self.world.brought.get(KEY) or Observed()
        self.world.brought[KEY] = replace(before, judgement=judged)

    @rule(doubled=st.sampled_from([None, 60, 900]), warning=st.sampled_from(["", "step first: too little traffic"]))
    def what_steps_can_show_is_told(self, doubled: int | None, warning: str) -> None:
        foretell(self.world, Forecast("first", doubled, doubled, doubled, warning))

    @rule(seconds=st.sampled_from([1, 31, 61, 700]))
    def wait(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(rounds=st.integers(1, 4))
    def all_goes_well(self, rounds: int) -> None:
        for _ in range(rounds):
            self.well("NoWorse")

    @rule(stop_after=st.one_of(st.none(), st.integers(0, 6)))
    def reconcile(self, stop_after: int | None) -> None:
        self.look(stop_after)

    @rule(role=st.sampled_from(["canary", "canary", "stable"]))
    def all_pods_fail(self, role: str) -> None:
        if arm_of(self.world, role) in self.arms():
            bring_up(self.world, arm_of(self.world, role), ready=False)
            self.look()

    @rule(how=st.sampled_from(["abort", "newer", "rollback"]), asleep=st.integers(0, 1))
    def taken_back_while_a_proxy_sleeps(self, how: str, asleep: int) -> None:
        """Let what has a share lose it, with one proxy that has not heard, for longer than every delay."""
        if how == "newer":
            self.train("Passed")
        else:
            self.ask_of_what_is_there("canary" if how == "abort" else "stable", how)
        for _ in range(3):
            self.look()
            self.a_proxy_reads(1 - asleep)
            self.the_observer_reads()
            self.the_reading_arrives()
            self.world.pass_time(31)

    # The laws.
    def look(self, stop_after: int | None = None) -> None:
        before = {name: self.size(name) for name in self.arms()}
        shares = dict(self.asked())
        ready = {name: self.ready(name) for name in self.arms()}
        withdrawn = self.withdrawn()
        self.world.reconcile("ModelDeployment", "income", stop_after=stop_after)
        if self.served:
            self.nothing_led_to_is_taken(before)
        self.no_share_exceeds_capacity(shares, ready)
        for arm in withdrawn & self.withdrawn():
            stable = arm_of(self.world, "stable")
            if arm != stable:
                assert self.asked().get(arm, 0) <= max(shares.get(arm, 0), 0), f"{arm} was withdrawn and gets more"

    def nothing_led_to_is_taken(self, before: dict[str, int]) -> None:
        for arm, share in self.led().items():
            if arm not in before or share == 0:
                continue
            assert arm in self.arms(), f"{arm} was removed with {share}%"
            kept, replicas = self.size(arm), self.spec["replicas"]
            if kept < min(before[arm], replicas):
                assert kept * 100 >= share * replicas, f"{arm} has {share}% and {kept} of {replicas} pods"

    def no_share_exceeds_capacity(self, before: Shares, ready: dict[str, int]) -> None:
        stable, replicas = arm_of(self.world, "stable"), self.spec["replicas"]
        for arm, share in self.asked().items():
            if arm == stable or replicas == 0 or share == before.get(arm, 0) == 100 or not stable:
                continue
            others = ready.get(stable, 0)
            needed = max(1, min(replicas, ready.get(arm, 0) + others))
            if arm_of(self.world, "previous") != arm or share > before.get(arm, 0):
                assert share * needed <= 100 * ready.get(arm, 0), f"{arm}: {share}% with {ready.get(arm)} ready"

    @invariant()
    def shares_are_whole(self) -> None:
        shares = self.asked()
        assert not shares or sum(shares.values()) == 100
        assert len([share for share in shares.values() if share]) <= 2

    @invariant()
    def one_version_is_stable_from_the_first_on(self) -> None:
        stable = status(self.world).get("stable")
        assert stable is not None or not self.served
        self.served = stable is not None
        assert len(status(self.world).get("draining", [])) <= 8

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.spec |= {"suspend": False, "replicas": max(1, self.spec["replicas"])}
        self.put()
        for _ in range(30):
            self.well("NoWorse")
            if "canary" not in status(self.world) and len(self.arms()) == 1:
                break
            self.world.pass_time(61)
            progress = status(self.world).get("rollout", {})
            version = (status(self.world).get("canary") or {}).get("version")
            annotate(self.world, "promote", f"{version}/{progress.get('step')}")
        self.world.settle("ModelDeployment", "income")
        assert status(self.world)["rollout"]["phase"] in ("Stable", "RolledBack", "Waiting"), "it ends"
        assert len(self.arms()) == (1 if "stable" in status(self.world) else 0), "with one version"

    # What is there.
    def well(self, verdict: Verdict) -> None:
        """Let everything follow what is asked for, and the judge be content."""
        for _ in range(3):
            self.look()
            for child in list(self.world.all("Deployment", "default")):
                bring_up(self.world, child["metadata"]["name"])
            route(self.world)
            self.proxies = [self.asked(), self.asked()]
            self.world.pass_time(1)
            self.the_observer_reads()
            self.the_reading_arrives()
            self.judge(verdict, ("stable", "canary"))
        self.look()

    def asked(self) -> Shares:
        """Return the shares that the ConfigMap in the API asks for."""
        found = self.world.get("ConfigMap", "default", "income-envoy")
        if found is None:
            return {}
        (routes,) = json.loads(found["data"]["routes.json"])["resources"]
        actions = [route["route"] for host in routes["virtual_hosts"] for route in host["routes"]]
        divided = next(action["weighted_clusters"]["clusters"] for action in actions if "weighted_clusters" in action)
        return {item["name"].removesuffix("-grpc"): item["weight"] for item in divided}

    def led(self) -> Shares:
        """Return the greatest share that users may have of each arm: by any proxy."""
        return {arm: max(p.get(arm, 0) for p in self.proxies) for proxy in self.proxies for arm in proxy}

    def arms(self) -> list[str]:
        found = self.world.all("Deployment", "default")
        return [i["metadata"]["name"] for i in found if "mooring.dev/version" in i["metadata"]["labels"]]

    def size(self, arm: str) -> int:
        found: int = self.world.objects[("Deployment", "default", arm)]["spec"]["replicas"]
        return found

    def ready(self, arm: str) -> int:
        child = self.world.objects[("Deployment", "default", arm)]
        return min(child.get("status", {}).get("readyReplicas", 0), child["spec"]["replicas"])

    def withdrawn(self) -> set[str]:
        entries = status(self.world).get("withdrawn", [])
        return {f"income-v{entry['version'].rpartition('-v')[2]}-{entry['template']}" for entry in entries}


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
