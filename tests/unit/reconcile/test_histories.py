"""Random histories of a ModelDeployment: whatever happens in whatever order, nobody is dropped."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.reconcile.scenes import add_version, bring_up, deployment, route
from tests.unit.reconcile.world import World


class Histories(RuleBasedStateMachine):
    """Users, pods, time and crashes, in any order."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.numbers = 1
        add_version(self.world, 1)
        self.spec = deployment(replicas=1)
        self.world.put("ModelDeployment", "income", spec=self.spec)
        self.served = False

    @rule(verdict=st.sampled_from(["Passed", "Passed", "Rejected"]))
    def train(self, verdict: str) -> None:
        if self.numbers < 6:
            self.numbers += 1
            add_version(self.world, self.numbers, verdict)

    @rule(number=st.one_of(st.none(), st.none(), st.integers(1, 6)))
    def pin(self, number: int | None) -> None:
        self.spec.pop("version", None)
        if number is not None:
            self.spec["version"] = f"income-v{number}"
        self.world.put("ModelDeployment", "income", spec=self.spec)

    @rule(memory=st.sampled_from(["256Mi", "512Mi"]))
    def edit(self, memory: str) -> None:
        self.spec["resources"] = {"limits": {"memory": memory}}
        self.world.put("ModelDeployment", "income", spec=self.spec)

    @rule(index=st.integers(0, 3), ready=st.sampled_from([True, True, False]))
    def pods(self, index: int, ready: bool) -> None:
        children = [item["metadata"]["name"] for item in self.world.all("Deployment", "default")]
        if children:
            bring_up(self.world, children[index % len(children)], ready=ready)

    @rule()
    def everything_starts(self) -> None:
        self.world.settle("ModelDeployment", "income")
        for child in list(self.world.all("Deployment", "default")):
            bring_up(self.world, child["metadata"]["name"])
        self.world.settle("ModelDeployment", "income")

    @rule()
    def endpoints(self) -> None:
        route(self.world)

    @rule(seconds=st.sampled_from([1, 31, 700]))
    def wait(self, seconds: int) -> None:
        self.world.pass_time(seconds)
        self.look(None)

    @rule(stop_after=st.one_of(st.none(), st.integers(0, 4)))
    def reconcile(self, stop_after: int | None) -> None:
        self.look(stop_after)

    def look(self, stop_after: int | None) -> None:
        before = self._routed_arms()
        self.world.reconcile("ModelDeployment", "income", stop_after=stop_after)
        gone = before - {item["metadata"]["name"] for item in self.world.all("Deployment", "default")}
        assert not gone, f"{gone} was removed while users were led to it"

    def _routed_arms(self) -> set[str]:
        """Return the arms that users are led to: by the Service's selector, and by the endpoints as last seen."""
        service = self.world.get("Service", "default", "income")
        arms = {service["spec"]["selector"]["mooring.dev/arm"]} if service and self.served else set()
        endpoints = self.world.get("EndpointSlice", "default", "income") or {"endpoints": []}
        for endpoint in endpoints["endpoints"] if self.served else []:
            pod = self.world.get("Pod", "default", endpoint["targetRef"]["name"])
            if pod is not None:
                arms.add(pod["metadata"]["labels"]["mooring.dev/arm"])
        return arms & {item["metadata"]["name"] for item in self.world.all("Deployment", "default")}

    @invariant()
    def users_are_led_to_what_was_ready(self) -> None:
        stable = self.world.objects[("ModelDeployment", "default", "income")].get("status", {}).get("stable")
        if stable is None:
            assert not self.served, "what served was forgotten"
            return
        self.served = True
        service = self.world.get("Service", "default", "income")
        assert service is not None
        arm = service["spec"]["selector"]["mooring.dev/arm"]
        assert self.world.get("Deployment", "default", arm) is not None

    @invariant()
    def few_arms_run(self) -> None:
        running = len(list(self.world.all("Deployment", "default")))
        status = self.world.objects[("ModelDeployment", "default", "income")].get("status", {})
        assert running <= 3 + len(status.get("draining", []))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for _ in range(8):
            self.world.settle("ModelDeployment", "income")
            for child in list(self.world.all("Deployment", "default")):
                bring_up(self.world, child["metadata"]["name"])
            route(self.world)
            self.world.pass_time(40)
        self.world.settle("ModelDeployment", "income")
        running = len(list(self.world.all("Deployment", "default")))
        assert running == 1 or (running == 0 and not self.served), "it ends with one version serving"


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
