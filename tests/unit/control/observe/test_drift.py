"""The drift observer: pods that come and go, an operator that is killed after any write, and what plans are brought."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from mooring.api.base import ObjectMeta
from mooring.control.cache import ObjectCache
from mooring.control.driftmetrics import DriftMetrics
from mooring.control.errors import UnavailableError
from mooring.control.observe.drift import DriftObserver
from mooring.control.observe.driftround import turned
from mooring.control.observe.pods import Address, PodReader, UnreadableError
from mooring.ledger.interval import Reading
from mooring.ledger.profile import Profile
from mooring.reconcile.drift.close import turn
from mooring.reconcile.drift.kept import kept, kept_windows
from mooring.reconcile.drift.told import told
from mooring.reconcile.drift.watch import WATCHED
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.plan import Apply, Key, Write
from tests.unit.reconcile.drift.segmented import Shop, Users
from tests.unit.reconcile.drift.service import Clock, Pod, profile

KEY = Key("DriftPolicy", "ns", "shop")
OWNER = ObjectMeta(name="shop", namespace="ns", uid="policy-1")
ARMS = {3: "shop-v3-0123abcd", 4: "shop-v4-0123abcd"}
SPEC = {"deployment": "shop", "window": {"minRows": 100, "minSeconds": 30}}


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Cluster(PodReader):
    """Pods, the objects of the API, and who writes them: all in memory, and all that survives an operator."""

    clock: Clock = field(default_factory=Clock)
    pods: dict[str, Pod] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    reference: Profile | None = field(default_factory=profile)
    cache: ObjectCache = field(default_factory=ObjectCache)
    writes: int = 0
    dies_at: int = -1
    refuses: bool = False
    serial: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.policy(SPEC)
        self.serve(3)

    def put(self, kind: str, name: str, **body: Any) -> None:
        self.serial += 1
        metadata = {"name": name, "namespace": "ns", "uid": f"{kind}-{name}", "resourceVersion": str(self.serial)}
        given = body.pop("metadata", {})
        self.cache.observe(kind, {"metadata": {**metadata, **given}, **body})

    def policy(self, spec: dict[str, Any], uid: str = "policy-1") -> None:
        self.put("DriftPolicy", "shop", metadata={"uid": uid}, spec=spec)

    def classified(self, known: dict[str, Any]) -> None:
        self.put("DriftPolicy", "shop", metadata={"uid": "policy-1"}, spec=SPEC, status={"classifier": known})

    def serve(self, number: int, **spec: Any) -> None:
        arm = {"version": f"shop-v{number}", "digest": f"sha256:{'0' * 64}", "template": "0123abcd"}
        arm |= {"replicas": 2, "ready": 2, "startedAt": "2026-01-01T00:00:00Z"}  # type: ignore[dict-item]
        self.put("ModelDeployment", "shop", spec={"model": "shop", **spec}, status={"stable": arm})

    def start(self, name: str, number: int = 3) -> Pod:
        self.pods[name] = Pod(name, self.clock, f"shop-v{number}")
        self.show(name, number)
        return self.pods[name]

    def show(self, name: str, number: int = 3, *, deleting: bool = False) -> None:
        labels = {"app.kubernetes.io/managed-by": "mooring", "mooring.dev/owner-kind": "ModelDeployment"}
        labels |= {"mooring.dev/owner": "shop", "mooring.dev/arm": ARMS.get(number, "shop-envoy")}
        labels |= {} if number in ARMS else {"mooring.dev/part": "envoy"}
        metadata = {"labels": labels, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
        ready = {"type": "Ready", "status": "False" if deleting else "True"}
        status = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [ready]}
        self.put("Pod", name, metadata=metadata, status=status)

    def remove(self, name: str) -> None:
        del self.pods[name]
        self.cache.forget("Pod", {"metadata": {"name": name, "namespace": "ns", "uid": f"Pod-{name}"}})

    # Who reads pods.
    async def ledger(self, address: Address, since: int, reader: str = "") -> Reading:
        pod = self.pods.get(address.pod)
        if pod is None or address.pod in self.deaf:
            raise UnreadableError("it does not answer")
        return pod.ledger.reading(since)

    async def profile(self, address: Address) -> Profile | None:
        return self.reference

    # Who writes objects.
    async def write(self, write: Write, key: Key) -> None:
        assert isinstance(write, Apply)
        if self.refuses:
            raise UnavailableError(503, "Unavailable", "no API server")
        manifest = write.manifest
        body = {name: manifest[name] for name in ("data", "binaryData") if name in manifest}
        self.put("ConfigMap", manifest["metadata"]["name"], metadata=manifest["metadata"], **body)
        self.writes += 1
        if self.writes == self.dies_at:
            raise Killed


class Operator:
    """One life of the operator."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.woken: list[Key] = []
        self.registry = CollectorRegistry()
        cluster.cache.bring_drift(KEY, None)
        self.observer = DriftObserver(
            cluster.cache,
            cluster,
            self.woken.append,
            DriftMetrics(self.registry),
            cluster.clock,
            cluster,  # type: ignore[arg-type]
        )

    async def look(self) -> DriftSeen:
        await self.observer.look_once(KEY)
        seen = self.cluster.cache.drift(KEY)
        assert seen is not None
        return seen

    async def pass_slots(self, count: int, rows: int = 0, age: float = 10.0) -> DriftSeen:
        """Let users ask all pods so many rows in each of so many slots, and look after each."""
        for _ in range(count):
            for pod in self.cluster.pods.values():
                for _ in range(rows if not pod.ended else 0):
                    pod.ask(age, "red", 0)
            self.cluster.clock.at += 5
            for pod in self.cluster.pods.values():
                if not pod.ended:
                    pod.ledger.seal()
            self.cluster.clock.at += 0.8
            seen = await self.look()
            self.cluster.clock.at -= 0.8
        return seen


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster()
    found.start("pod-0")
    found.start("pod-1")
    found.show("proxy", number=0)  # it keeps no ledger, and nobody asks it for one
    return found


async def test_evidence_is_brought_with_its_reference_and_wakes_the_policy(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    seen = await operator.pass_slots(14, rows=20)
    assert (seen.version, seen.rows, seen.trouble, seen.closed) == ("shop-v3", 40_000, None, 2)
    assert seen.digest.startswith("sha256:")
    assert [alarm.test for alarm in seen.alarms] != []
    assert operator.woken[-1] == KEY


async def test_what_turned_is_written_before_anybody_hears_of_it(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    before = await operator.pass_slots(5, rows=50)
    cluster.refuses = True
    with pytest.raises(UnavailableError):
        await operator.pass_slots(2, rows=50)
    known = cluster.cache.drift(KEY)
    assert known is not None
    assert (known.closed, known.alarms) == (before.closed, ())
    cluster.refuses = False
    seen = await operator.pass_slots(1, rows=50)
    assert seen.closed == 1
    state = kept(cluster.cache, OWNER)
    assert state is not None
    assert state.alarms == seen.alarms != ()


async def test_where_nobody_asks_nothing_is_written_and_a_restart_writes_nothing_either(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    before = await operator.pass_slots(16, rows=1)
    await operator.pass_slots(14)  # the last rows are written within a minute
    written, woken = cluster.writes, len(operator.woken)
    await operator.pass_slots(200)
    assert (cluster.writes, len(operator.woken)) == (written, woken)
    again = Operator(cluster)
    seen = await again.pass_slots(100)
    assert cluster.writes == written
    assert seen.window_rows == before.window_rows == 32
    await again.pass_slots(1300)  # two hours are remembered by pods
    assert written < cluster.writes <= written + 5
    assert (await again.pass_slots(1)).unknown == 0


async def test_that_nothing_can_be_written_is_said(cluster: Cluster) -> None:
    cluster.refuses = True
    operator = Operator(cluster)
    await operator.observer._guarded(KEY)
    seen = cluster.cache.drift(KEY)
    assert seen is not None
    assert seen.trouble is not None
    assert seen.trouble.startswith("what is known of drift cannot be written, and is not acted on until it can")


async def test_without_any_state_alarms_are_numbered_after_those_that_were_decided_on(cluster: Cluster) -> None:
    cluster.put("DriftPolicy", "shop", metadata={"uid": "policy-1"}, spec=SPEC, status={"alarm": 41})
    operator = Operator(cluster)
    await operator.pass_slots(1)
    seen = await operator.pass_slots(8, rows=50)
    assert seen.alarms[0].number == 42


@pytest.mark.parametrize("nth", range(1, 10))
async def test_killed_after_any_write_everything_is_counted_once(cluster: Cluster, nth: int) -> None:
    """Users ask 12 rows in each slot; a pod ends, another comes, and the operator dies once."""
    operator, asked, drawn = Operator(cluster), 0, random.Random(nth)
    await operator.pass_slots(1)
    cluster.dies_at = cluster.writes + nth
    for slot in range(40):
        if slot == 11:
            cluster.pods["pod-1"].end()
            cluster.show("pod-1", deleting=True)
        if slot == 12 and "pod-1" in cluster.pods:
            cluster.remove("pod-1")
            cluster.start("pod-2")
        for pod in cluster.pods.values():
            if not pod.ended:
                for _ in range(6):
                    pod.ask(10.0, "red", 0)
                    asked += 1
        cluster.clock.at += 5
        for pod in cluster.pods.values():
            if not pod.ended:
                pod.ledger.seal()
        cluster.clock.at += 0.8
        try:
            if drawn.random() < 0.8 or slot == 11:
                await operator.look()
        except Killed:
            cluster.dies_at = -1
            operator = Operator(cluster)
            await operator.look()
        cluster.clock.at -= 0.8
    seen = await operator.pass_slots(8)
    windows = [window for chapter in kept_windows(cluster.cache, OWNER).chapters for window in chapter.windows]
    assert seen.closed == len(windows)
    assert seen.unknown == 0
    assert sum(window.rows for window in windows) + seen.window_rows == asked
    assert sum(sum(window.cells[:7]) for window in windows) == sum(window.rows for window in windows)


async def test_a_pod_that_is_about_to_end_is_read_between_two_rounds(cluster: Cluster) -> None:
    cluster.policy({**SPEC, "window": {"minRows": 100, "minSeconds": 3600}})
    operator = Operator(cluster)
    await operator.pass_slots(1)
    cluster.pods["pod-1"].ask(10.0, "red", 0)
    cluster.pods["pod-1"].end()
    cluster.show("pod-1", deleting=True)
    cluster.clock.at += 2
    assert operator.observer._due() == [KEY]
    await operator.look()
    state = kept(cluster.cache, OWNER)
    assert state is not None
    assert "pod-1" not in state.slots.stands
    assert sum(arms["watched"].rows for arms in state.slots.open.values()) == 1
    cluster.remove("pod-1")
    assert operator.observer._due() == []


async def test_a_pod_that_users_are_newly_led_to_is_asked_at_once_so_that_it_waits_for_us_at_its_end(
    cluster: Cluster,
) -> None:
    cluster.policy({**SPEC, "window": {"minRows": 100, "minSeconds": 3600}})
    operator = Operator(cluster)
    await operator.pass_slots(1)
    assert operator.observer._due() == []
    cluster.start("pod-9")
    assert operator.observer._due() == [KEY]
    await operator.look()
    assert operator.observer._due() == []


async def test_after_a_promotion_the_new_version_is_watched_alone(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    before = await operator.pass_slots(8, rows=50)
    cluster.start("pod-4", 4)
    cluster.serve(4)
    seen = await operator.pass_slots(4, rows=3)
    assert (seen.version, seen.closed, seen.window) == ("shop-v4", 0, None)
    assert seen.window_rows in (9, 12)
    assert seen.alarms == before.alarms != ()
    assert seen.begun_because == "shop-v4 serves in place of shop-v3"


async def test_a_pod_that_lies_about_its_version_is_left_out_and_named(cluster: Cluster) -> None:
    operator = Operator(cluster)
    cluster.pods["pod-1"].version = "shop-v9"
    cluster.pods["pod-1"].start()
    await operator.pass_slots(1)
    seen = await operator.pass_slots(5, rows=3)
    assert seen.trouble == "pod pod-1 should serve shop-v3, and answers for shop-v9: left out"
    assert (seen.unknown, seen.window_rows > 0) == (0, True)


async def test_a_pod_that_does_not_answer_is_named_and_its_intervals_are_unknown(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(8)  # by then this process has been here for a while
    cluster.deaf.add("pod-1")
    seen = await operator.pass_slots(8, rows=1)
    assert seen.trouble is not None
    assert seen.trouble.startswith("pod pod-1 cannot be read, what it counts is missing until it can")
    assert seen.unknown > 0


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("none", "ModelDeployment shop does not exist: nothing is watched until it does"),
        ("container", "is served by a container of your own, which keeps no ledger: nothing is watched; triggers"),
        ("new", "serves no version yet: watching begins with the first"),
    ],
)
async def test_what_cannot_be_watched_is_said(cluster: Cluster, scene: str, said: str) -> None:
    if scene == "none":
        cluster.cache.forget(
            "ModelDeployment", {"metadata": {"name": "shop", "namespace": "ns", "uid": "ModelDeployment-shop"}}
        )
    elif scene == "container":
        cluster.serve(3, server={"container": {"image": "theirs"}})
    else:
        cluster.put("ModelDeployment", "shop", spec={"model": "shop"}, status={})
    seen = await Operator(cluster).look()
    assert seen.trouble is not None
    assert said in seen.trouble


async def test_a_model_without_a_profile_is_counted_and_nothing_is_known(cluster: Cluster) -> None:
    cluster.reference = None
    operator = Operator(cluster)
    await operator.pass_slots(1)
    seen = await operator.pass_slots(8, rows=30, age=70.0)
    assert seen.window is not None
    assert (seen.window.inputs.state, seen.closed, seen.alarms) == ("Unknown", 1, ())
    assert seen.warnings[0].startswith("shop-v3 came without a profile")


async def test_suspended_nothing_is_read_and_what_is_known_is_kept(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    seen = await operator.pass_slots(3, rows=2)
    cluster.policy({**SPEC, "suspend": True})
    await operator.observer.look_once(KEY)
    assert cluster.cache.drift(KEY) is None
    cluster.policy(SPEC)
    assert (await operator.look()).window_rows >= seen.window_rows


async def test_the_state_of_an_earlier_policy_of_the_same_name_is_not_gone_on_with(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    await operator.pass_slots(8, rows=50)
    cluster.policy(SPEC, uid="policy-2")
    seen = await operator.pass_slots(1)
    assert (seen.closed, seen.alarms) == (0, ())


async def test_other_settings_begin_anew_and_say_so_and_windows_stay_on_the_tape(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    before = await operator.pass_slots(8, rows=50)
    cluster.policy({**SPEC, "inputs": {"effect": "0.2"}})
    seen = await operator.pass_slots(1)
    assert (seen.closed, seen.window, seen.alarms) == (0, None, before.alarms)
    assert seen.begun_because == "the policy asks for other tests than before"
    assert kept_windows(cluster.cache, OWNER).length == before.closed == 1


async def test_prometheus_is_told_what_is_known_and_forgets_what_is_gone(cluster: Cluster) -> None:
    operator = Operator(cluster)
    await operator.pass_slots(1)
    await operator.pass_slots(8, rows=50)
    told = generate_latest(operator.registry).decode()
    assert 'mooring_drift_windows{namespace="ns",policy="shop"} 1.0' in told
    assert 'mooring_drift_evidence{namespace="ns",policy="shop",segment="",test="inputs"}' in told
    assert 'mooring_drift_feature_effect{feature="age",namespace="ns",policy="shop",segment=""} 0.7' in told
    assert "mooring_drift_classifier_auc{" not in told
    for version, shown in (("another-v1", False), ((await operator.pass_slots(1)).version, True)):
        cluster.classified({"look": 1, "version": version, "auc": "0.61"})
        await operator.pass_slots(1)
        line = 'mooring_drift_classifier_auc{namespace="ns",policy="shop"} 0.61'
        assert (line in generate_latest(operator.registry).decode()) is shown
    cluster.cache.forget("DriftPolicy", {"metadata": {"name": "shop", "namespace": "ns", "uid": "policy-1"}})
    await operator.observer.look_once(KEY)
    assert 'policy="shop"' not in generate_latest(operator.registry).decode()


async def test_two_hours_are_tested_in_pieces_as_they_would_be_at_once() -> None:
    shop = Shop()
    for _ in range(200):
        shop.ask([shop.user("red", Users(ages=(70.0,))), shop.user("green", Users())] * 10)
        shop.clock.at += 5.0
        for pod in shop.pods:
            pod.ledger.seal()
    watched, now = shop.operator.watched, shop.clock.at + 0.7
    for pod in shop.pods:
        watched = told(watched, pod.name, WATCHED, pod.ledger.reading(0), now).watched
    found = await turned(watched, shop.operator.fitted, now, 25.0)
    assert found == turn(watched, shop.operator.fitted, now, 25.0)
    assert len(found.windows) == 16
    assert found.told
