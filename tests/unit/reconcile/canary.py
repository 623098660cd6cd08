"""What proxies and the judge say in the tests of rollouts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from mooring.reconcile.observed import Foretold, Judgement, Observed, TrafficSeen
from mooring.reconcile.plan import Key
from mooring.stats.judge import Count, Decision, Evidence, Forecast, Traffic, Verdict
from tests.unit.reconcile.scenes import add_version, start_pods
from tests.unit.reconcile.world import CONFIG, World

KEY = Key("ModelDeployment", "default", "income")
STEPS = [{"name": "first", "weight": 5, "maxSeconds": 900}, {"name": "half", "weight": 50, "maxSeconds": 900}]


def canary(*steps: dict[str, Any], **rules: Any) -> dict[str, Any]:
    """Return a spec whose versions are rolled out by steps, led by Envoy."""
    rollout = {"strategy": "Canary", "steps": list(steps or STEPS)} | rules
    return {"model": "income", "replicas": 4, "traffic": {"provider": "Envoy"}, "rollout": rollout}


def serving(spec: dict[str, Any], versions: int = 1) -> World:
    """Return a world in which income-v1 serves."""
    world = World(CONFIG.model_copy(update={"envoy_image": "mooring-envoy:1"}))
    add_version(world, 1)
    world.put("ModelDeployment", "income", spec=spec)
    follow(world)
    assert status(world)["stable"]["version"] == "income-v1"
    for number in range(2, versions + 1):
        add_version(world, number)
    return world


def status(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.objects[("ModelDeployment", "default", "income")].get("status", {})
    return found


def settle(world: World) -> None:
    world.settle("ModelDeployment", "income")


def follow(world: World, rounds: int = 4) -> None:
    """Let pods start and proxies follow, until nothing more happens by itself."""
    for _ in range(rounds):
        settle(world)
        start_pods(world)
        proxies(world)
        world.pass_time(1)
        settle(world)


def proxies(
    world: World, *, silent: bool = False, trouble: str | None = None, found: frozenset[str] | None = None
) -> None:
    """Let every proxy have in force what was asked for, or say nothing."""
    traffic = (
        status(world).get("traffic") if "status" in world.objects[("ModelDeployment", "default", "income")] else None
    )
    applied = {share["arm"]: share["weight"] for share in traffic["split"]} if traffic else {}
    arm = arm_of(world, "canary")
    shadow = {arm: traffic["shadow"]} if traffic and traffic["shadow"] and arm else {}
    world.pass_time(1)
    seen = TrafficSeen(world.now, None if silent else applied, shadow, trouble=trouble, found=found)
    before = world.brought.get(KEY) or Observed()
    world.brought[KEY] = replace(before, traffic=seen)


def judge(
    world: World, verdict: Verdict, *, of: tuple[str, str] = ("stable", "canary"), reason: str = "because"
) -> None:
    """Let the judge say something of the step that is in force, on evidence that ends now."""
    since = status(world)["rollout"].get("since")
    judged = Judgement(
        stable=arm_of(world, of[0]),
        canary=arm_of(world, of[1]),
        since=datetime.fromisoformat(since) if since else None,
        decision=decision(world, verdict, reason),
    )
    before = world.brought.get(KEY) or Observed()
    world.brought[KEY] = replace(before, judgement=judged)


def foretell(
    world: World,
    *steps: Forecast,
    canary: str | None = None,
    traffic: Traffic = Traffic(600, 0.01),  # noqa: B008
) -> None:
    """Let the observer say what the steps can show."""
    arms = arm_of(world, "stable"), canary or arm_of(world, "canary")
    before = world.brought.get(KEY) or Observed()
    world.brought[KEY] = replace(before, forecast=Foretold(*arms, world.now, traffic, steps))


def decision(world: World, verdict: Verdict, reason: str) -> Decision:
    through = int(world.now.timestamp() * 1000)
    check = Evidence("errors", Count(1000, 50), Count(3, 0), 0.3, 25.0, True, verdict, reason)
    return Decision(verdict, reason, 0.3, 20.0, 25.0, 20.0, (check,), 60, 50, 0, through)


def arm_of(world: World, role: str) -> str:
    """Return the child Deployment of an arm of status, empty where there is none."""
    arm = status(world).get(role)
    return f"income-v{arm['version'].rpartition('-v')[2]}-{arm['template']}" if arm else ""


def annotate(world: World, verb: str, value: str) -> None:
    world.put("ModelDeployment", "income", metadata={"annotations": {f"mooring.dev/{verb}": value}})


def split(world: World) -> dict[str, int]:
    """Return who is to be led where: per cent by version."""
    shares = status(world)["traffic"]["split"]
    return {"income-" + share["arm"].split("-")[1]: share["weight"] for share in shares if share["weight"]}


def phase(world: World) -> tuple[str, str | None]:
    progress = status(world)["rollout"]
    return progress["phase"], progress.get("step")


def pods(world: World) -> dict[str, int]:
    """Return the pods that every version is to have."""
    return {item["metadata"]["labels"]["mooring.dev/version"]: item["spec"]["replicas"] for item in arms(world)}


def arms(world: World) -> list[dict[str, Any]]:
    """Return the child Deployments of versions."""
    return [i for i in world.all("Deployment", "default") if "mooring.dev/version" in i["metadata"]["labels"]]


def events(world: World, reason: str) -> list[str]:
    """Return what a look would tell now."""
    plan = world.plan("ModelDeployment", "income")
    assert plan is not None
    return [event.message for event in plan.events if event.reason == reason]
