"""A policy with what it names, the evidence that is brought to it, and what happens around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from mooring.api.base import Condition
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.driftstatus import DriftPolicyStatus
from mooring.reconcile.driftpolicy.planner import plan
from mooring.reconcile.driftpolicy.seen import Seen, look
from mooring.reconcile.driftseen import Alarm, DriftSeen, SegmentSeen
from mooring.reconcile.plan import Event, Key
from mooring.stats.drift import Beyond, Broken, Evidence, HarmReport, Name, WindowReport
from tests.unit.reconcile.scenes import DIGEST, add_version, recipe
from tests.unit.reconcile.world import World

HOUR = 3600
DAY = 86_400

Test = Literal["inputs", "predictions", "harm", "estimated"]


def tier(test: Literal["inputs", "predictions", "estimated"], value: float = 3.0, rows: int = 2000) -> Evidence:
    return Evidence(test, value, 8640.0, rows, "Alarm" if value >= 8640 else "Quiet", 0.068)


def window(end: int, broken: tuple[Broken, ...] = (), top: tuple[Name, ...] = (), inputs: float = 3.0) -> WindowReport:
    tiers = tier("inputs", inputs), tier("predictions"), tier("estimated")
    beyond = Beyond(inputs=inputs >= 8640, predictions=False)
    return WindowReport(end - HOUR * 1000, end, 2000, 0, *tiers, broken, top, (), beyond, repeated=())


def truths(rate: float = 0.14, state: str = "Quiet", value: float = 12.0) -> HarmReport:
    return HarmReport(state, value, 4320.0, 20_000, 0.9, rate, rate, 0.139, 0.163, 0.01)  # type: ignore[arg-type]  # a state


AGE_MOVED = Name("AGEP", 0.21, 1e-12, 7, "up")
AGE_MISSING = Broken("AGEP", "Missing", 0.31, 0.052, 2000)


class Stage(World):
    """ModelDeployment `web` serves income-v1, made by TrainingJob `income`; DriftPolicy `income` watches it."""

    def __init__(self, **spec: Any) -> None:
        super().__init__()
        self.told: list[Event] = []
        self.put("TrainingJob", "income", spec=recipe())
        self.record(1)
        self.serve("income-v1")
        self.pass_time(30 * DAY)
        self.policy("income", **spec)

    def policy(self, name: str, **spec: Any) -> None:
        retrain = {"trainingJob": "income", **spec.pop("retrain", {})}
        self.put("DriftPolicy", name, spec={"deployment": "web", "retrain": retrain, **spec})

    def change(self, name: str = "income", **spec: Any) -> None:
        """Change fields of a policy's spec as a user would."""
        old = self.objects[("DriftPolicy", "default", name)]["spec"]
        self.put("DriftPolicy", name, spec={**old, **spec})

    def mode(self, mode: str) -> None:
        self.change(retrain={"trainingJob": "income", "mode": mode})

    def approve(self, request: str) -> None:
        self.put("DriftPolicy", "income", metadata={"annotations": {"mooring.dev/approve": request}})

    # What others say.
    def record(self, number: int, verdict: str = "Passed", request: str = "recipe/x") -> str:
        name = add_version(self, number, verdict)
        self.objects[("ModelVersion", "default", name)]["spec"]["provenance"]["request"] = request
        return name

    def serve(self, version: str, previous: str | None = None, canary: str | None = None) -> None:
        status: dict[str, Any] = {"stable": self._arm(version)}
        if previous is not None:
            until = (self.now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            status["previous"] = {"version": previous, "digest": DIGEST, "template": "0123abcd", "until": until}
        if canary is not None:
            status["canary"] = self._arm(canary)
        item = self.put("ModelDeployment", "web", spec={"model": "income"})
        item["status"] = {"withdrawn": (item.get("status") or {}).get("withdrawn", []), **status}

    def withdraw(self, version: str, reason: str = "a person asked to go back") -> None:
        status = self.objects[("ModelDeployment", "default", "web")]["status"]
        entry = {"version": version, "template": "0123abcd", "at": self.stamp(), "reason": reason}
        status["withdrawn"] = [entry, *status["withdrawn"]]

    def _arm(self, version: str) -> dict[str, Any]:
        pods = {"replicas": 2, "ready": 2, "startedAt": self.stamp()}
        return {"version": version, "digest": DIGEST, "template": "0123abcd", **pods}

    def start_run(self, request: str) -> int:
        """Let the TrainingJob start a run."""
        item = self.objects[("TrainingJob", "default", "income")]
        status = item.setdefault("status", {})
        number = int(status.get("lastRun", 0)) + 1
        run = {"run": number, "request": request, "reason": "asked", "job": f"income-{number}", "recipeHash": "v1:x"}
        status["runs"] = [{**run, "startedAt": self.stamp()}, *status.get("runs", [])][:10]
        status["lastRun"] = number
        status["handled"] = [request, *status.get("handled", [])][:20]
        return number

    def end_run(self, *, seconds: float = 600, verdict: str | None = None, **facts: Any) -> str | None:
        """Let the run in flight end; with a verdict it made a version, whose name is returned."""
        self.pass_time(seconds)
        run = self.objects[("TrainingJob", "default", "income")]["status"]["runs"][0]
        run |= {"finishedAt": self.stamp(), **facts}
        if verdict is None:
            return None
        number = 1 + sum(1 for _ in self.all("ModelVersion", "default"))
        name = self.record(number, verdict, run["request"])
        run |= {"verdict": verdict, "version": name}
        return name

    def promote_asked(self) -> None:
        """Let what is asked for be trained and promoted."""
        self.gathered()
        self.start_run(self.asked())
        made = self.end_run(verdict="Passed")
        self.look()
        assert made is not None
        self.serve(made)
        self.look()

    # What is brought.
    @property
    def ms(self) -> int:
        return int(self.now.timestamp()) * 1000

    def bring_evidence(self, name: str = "income", **facts: Any) -> None:
        """Bring evidence about what serves: quiet, where nothing else is said."""
        version = self.objects[("ModelDeployment", "default", "web")]["status"]["stable"]["version"]
        key = Key("DriftPolicy", "default", name)
        before = self.evidence.get(key)
        if before is None or before.version != version:
            alarms = before.alarms if before is not None else ()
            before = DriftSeen(
                self.ms, version, digest=DIGEST, rows=45_222, window=window(self.ms), closed=1, alarms=alarms
            )
        self.evidence[key] = replace(before, **{"at": self.ms, "last_rows_at": self.ms, **facts})

    def evidence_of(self, name: str = "income") -> DriftSeen:
        return self.evidence[Key("DriftPolicy", "default", name)]

    def bring_segment(self, segment: str, name: str = "income", **facts: Any) -> None:
        """Bring evidence about a segment of what serves, or about all rows where it is empty."""
        if not segment:
            self.bring_evidence(name, **facts)
            return
        self.bring_evidence(name)
        known = {item.name: item for item in self.evidence_of(name).segments}
        before = known.get(segment, SegmentSeen(segment, 20_000, 1, window(self.ms)))
        known[segment] = replace(before, **facts)
        self.bring_evidence(name, segments=tuple(known[one] for one in sorted(known)))

    def alarm(self, test: Test = "harm", name: str = "income", segment: str = "", **facts: Any) -> None:
        """Bring evidence that reached its bound."""
        self.bring_evidence(name)
        known = self.evidence_of(name)
        number = 1 + max((item.number for item in known.alarms), default=0)
        where = f" in {segment}" if segment else ""
        sentence = f"{test}{where} 5210 >= 4320 on 20000 rows against {known.version} (45222 rows)"
        alarms = (*known.alarms, Alarm(number, self.ms, test, known.version, sentence, segment))[-64:]
        shown = {"harm": truths(0.188, "Alarm", 5210.0), "harm_at": self.ms} if test == "harm" else {}
        self.bring_segment(segment, name, **shown)
        self.bring_evidence(name, alarms=alarms, **facts)

    def drift_for(self, windows: int, name: str = "income", segment: str = "") -> None:
        self.bring_segment(segment, name, streak=windows, window=window(self.ms, top=(AGE_MOVED,), inputs=9000.0))

    # What the plan does.
    def seen(self, name: str = "income") -> Seen:
        found = look(Key("DriftPolicy", "default", name), self, self.config)
        assert found is not None
        return found

    def look(self, name: str = "income") -> DriftPolicyStatus:
        """Plan, carry it out, and check that a second pass would write nothing."""
        for _ in range(5):
            before = len(self.writes)
            made = self.reconcile("DriftPolicy", name)
            assert made is not None
            self.told.extend(made.events)
            if len(self.writes) == before:
                return self.status(name)
        raise AssertionError(f"not settled: {self.writes[-4:]}")

    def later(self, seconds: float) -> DriftPolicyStatus:
        self.pass_time(seconds)
        return self.look()

    def gathered(self) -> DriftPolicyStatus:
        """Look, wait until others would have fired too, and look again."""
        self.look()
        return self.later(HOUR)

    def asked(self) -> str:
        """Return the id of the request, which goes out."""
        request = self.look().request
        assert request is not None
        assert request.state == "Asked"
        return request.id

    def status(self, name: str = "income") -> DriftPolicyStatus:
        return DriftPolicy.model_validate(self.objects[("DriftPolicy", "default", name)]).status

    def condition(self, type_: str, name: str = "income") -> Condition:
        return next(item for item in self.status(name).conditions if item.type == type_)

    def events(self) -> list[str]:
        return [event.reason for event in self.told]

    def decision(self) -> str:
        """Return when the plan wants to look again, for messages of failing tests."""
        return str(plan(self.seen(), self.now).requeue_after)
