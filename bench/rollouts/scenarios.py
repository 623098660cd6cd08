"""What may happen to a version. Each is good or bad by itself: nothing of ours is made to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.rollouts.course import Course, Status, judged, outcome
from tests.support import brought
from tests.support.kube import eventually
from tests.support.operator import OperatorProcess

SERVED, BAD, SECOND = "signal-v1", "signal-v3", "signal-v2"
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "signal-v1": {},
    "signal-v2": {},
    "signal-v3": {"fails_from": 93},
    "signal-v4": {"slow_from": 70, "trips": 400},
    "signal-v5": {"shift": 0.5},
    "signal-v6": {"dies_from": 97},
    "signal-v7": {"fails_from": 93},
}
"""By name, how each differs from a good model. Seven in a hundred fail, 30 are slow, 25 are answered otherwise."""
ERRORS = {"errors": {"tolerance": "3", "floor": "0.05"}}
"""Loose, so that a minute of traffic is enough for a good version."""
TOLD = "--feedback=0"


@dataclass(frozen=True)
class Scenario:
    """A rollout and how it should end."""

    name: str
    title: str
    canary: str
    ends: str
    """The outcome that is right."""
    seconds: float = 150.0
    """The longest that it may take."""
    steps: tuple[Mapping[str, Any], ...] = ({"name": "quarter", "weight": 25, "maxSeconds": 600},)
    analysis: Mapping[str, Any] = field(default_factory=lambda: ERRORS)
    rules: Mapping[str, Any] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    served: str = SERVED
    rate: int = 60
    words: tuple[str, ...] = ()
    kinds: int = brought.QUESTIONS
    """Rows of fewer kinds are asked."""
    check: str = "errors"
    """The evidence that decides."""
    own: tuple[str, ...] = ()
    """The failures that are this canary's own doing; any other is a lost request."""
    drive: Callable[[Course, OperatorProcess], None] | None = None
    """What happens meanwhile."""

    @property
    def deployment(self) -> dict[str, Any]:
        """Return the spec of its ModelDeployment."""
        rollout = {
            "strategy": "Canary",
            "steps": list(self.steps),
            "analysis": self.analysis,
            "scaleDownDelaySeconds": 5,
            "watchSecondsAfterPromotion": 0,
            **self.rules,
        }
        return {"version": self.served, "rollout": rollout, **self.spec}


def _promote_by_hand(course: Course, operator: OperatorProcess) -> None:
    """Promote before any truth has come."""
    course.until("truths are on their way", lambda status: int(judged_requests(status)) > 200, 90)
    course.annotate("promote", "signal-v5/half")
    course.until("it is promoted", lambda status: status["stable"]["version"] == "signal-v5", 60)


def _twenty(course: Course, operator: OperatorProcess) -> None:
    for number in range(20):
        version = SERVED if number % 2 else SECOND
        course.pin(version)
        course.until("the next one serves", partial(_serves, version), 90)


def _serves(version: str, status: Status) -> bool:
    return bool(status["stable"]["version"] == version)


def _incident(course: Course, operator: OperatorProcess) -> None:
    """For some seconds others ask what neither version can answer."""
    course.until("evidence is there", lambda status: judged_requests(status) > 100, 90)
    course.ask("--requests=400", rate=20, questions=brought.questions()[93:], suffix="-bad")
    eventually("the incident is over", lambda: course.load_phase("-bad") != "Running", 60)


def _restart(course: Course, operator: OperatorProcess) -> None:
    course.until("evidence is there", lambda status: judged_requests(status) > 100, 90)
    operator.kill()
    before = judged_requests(course.place.status("ModelDeployment", course.name))
    course.again(operator)
    course.until("evidence grows", lambda status: judged_requests(status) > before, 60)


def judged_requests(status: Status) -> int:
    """Return how many of the canary's requests are in the evidence about errors."""
    return int(judged(status, "errors").get("requests", {}).get("canary", 0))


def is_over(scenario: Scenario, status: Status) -> bool:
    """Tell whether the rollout of a scenario has ended, and nobody is led where it does not serve."""
    if scenario.ends == "RolledBack":
        return _serves(scenario.served, status)
    version, how = outcome(status)
    return version == scenario.canary and (how == "Promoted" or status["rollout"]["phase"] == "RolledBack")


SCENARIOS = (
    Scenario(
        "good", "good: 5, 25, 50%", SECOND, "Promoted", 540,
        steps=tuple({"name": f"to-{weight}", "weight": weight} for weight in (5, 25, 50)),
        analysis={}, rate=100,
    ),
    Scenario(
        "twenty", "twenty in a row", SERVED, "Promoted", 600,
        steps=({"name": "quick", "weight": 25, "maxSeconds": 3},), rules={"onInconclusive": "Promote"}, drive=_twenty,
    ),
    Scenario("errors", "7% errors", BAD, "Aborted", own=("status 400 of canary",)),
    Scenario(
        "slow", "30% slower than 50 ms", "signal-v4", "Aborted", rate=30, check="latency",
        analysis=ERRORS | {"latency": {"thresholdMilliseconds": 50, "tolerance": "3", "floor": "0.05"}},
    ),
    Scenario(
        "shadow", "25% answered otherwise, in shadow", "signal-v5", "Aborted", rate=30, check="disagreement",
        steps=({"name": "unseen", "shadowPerCent": 100, "maxSeconds": 600},),
    ),
    Scenario(
        "truth", "25% more wrong, by ground truth", "signal-v5", "Aborted", words=(TOLD,), check="quality",
        analysis=ERRORS | {"quality": {"tolerance": "0.05"}},
    ),
    Scenario(
        "late", "the same, known 45 s later", "signal-v5", "RolledBack", 240, words=("--feedback=45",), check="quality",
        analysis=ERRORS | {"quality": {"tolerance": "0.05"}}, rules={"watchSecondsAfterPromotion": 600},
        steps=({"name": "half", "weight": 50, "maxSeconds": 600},), drive=_promote_by_hand,
    ),
    Scenario(
        "incident", "an incident in both", "signal-v7", "Promoted", 240, served=BAD, kinds=93, drive=_incident,
        steps=({"name": "quarter", "weight": 25, "maxSeconds": 120},), rules={"onInconclusive": "Promote"},
    ),
    Scenario(
        "crash", "3% of requests kill a pod", "signal-v6", "Aborted", own=("status 503 of canary",),
        spec={"replicas": 2, "resources": {"limits": {"memory": "512Mi"}}},
    ),
    Scenario(
        "restart", "good; operator killed in its step", SECOND, "Promoted", 200, drive=_restart,
    ),
)  # fmt: skip
