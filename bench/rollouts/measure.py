"""One scenario run, and what was seen of it as a row of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.rollouts.course import Course, Status, judged, outcome, through
from bench.rollouts.scenarios import Scenario, is_over
from tests.e2e.place import Place
from tests.support import brought
from tests.support.operator import OperatorProcess

HEAD = (
    "| scenario | outcome | evidence at the decision | s from the first bad answer | s from what decided it"
    " | requests | failed, by the canary | lost | status, bytes |"
)


@dataclass(frozen=True)
class Seen:
    """What a scenario showed."""

    scenario: Scenario
    outcome: str
    evidence: str = ""
    since_bad: float | None = None
    """Seconds from the canary's first bad answer until nobody is led to it."""
    since_decided: float | None = None
    """The same from the end of what was counted for the decision."""
    reports: tuple[Mapping[str, Any], ...] = ()
    status_bytes: int = 0
    problem: str = ""
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def _failed(self) -> tuple[int, int]:
        """How many requests failed as this canary must fail, and how many are lost."""
        failures = Counter[str]()
        for report in self.reports:
            failures.update(report["failures"])
        canary = sum(failures[kind] for kind in self.scenario.own)
        return canary, sum(failures.values()) - canary

    @property
    def is_right(self) -> bool:
        """Whether it ended as it should, and nothing is lost."""
        return self.outcome == self.scenario.ends and not self.problem and not self._failed[1]

    @property
    def row(self) -> str:
        """Return the row of the table."""
        canary, lost = self._failed
        cells = [
            f"{self.scenario.title} (`{self.scenario.name}`)",
            self.outcome + ("" if self.outcome == self.scenario.ends else f", **not {self.scenario.ends}**"),
            self.evidence,
            _seconds(self.since_bad),
            _seconds(self.since_decided),
            f"{sum(report['requests'] for report in self.reports):,}",
            f"{canary:,}",
            f"{lost:,}",
            f"{self.status_bytes:,}",
        ]
        return "| " + " | ".join(cells) + " |" + f" {self.problem}" * bool(self.problem)


def measure(place: Place, scenario: Scenario, operator: OperatorProcess) -> Seen:
    """Run a scenario to its end, or to its time's."""
    with Course(place, scenario.name, scenario.deployment) as course:
        course.ask(*scenario.words, rate=scenario.rate, questions=brought.questions()[: scenario.kinds])
        course.pin(scenario.canary)
        problem = ""
        try:
            if scenario.drive is not None:
                scenario.drive(course, operator)
            course.until("it ends", lambda status: is_over(scenario, status), scenario.seconds)
        except (AssertionError, TimeoutError) as error:
            problem = str(error).splitlines()[0][:200]
        report = course.report()
        return _seen(course, scenario, report, problem)


def _seen(course: Course, scenario: Scenario, report: Mapping[str, Any], problem: str) -> Seen:
    status = course.place.status("ModelDeployment", scenario.name)
    decided = course.first(lambda status: _is_decided(scenario, status))
    told = {key: report[key] for key in ("failures", "versions", "latency", "truths", "first_failures")}
    notes: tuple[str, ...] = (str(told), str(status.get("history", [{}])[0]))
    if problem:
        notes += (str(status),)
    if decided is None:
        return Seen(scenario, outcome(status)[1], "", None, None, (report,), course.largest_status, problem, notes)
    ended = course.first(lambda status: is_over(scenario, status), decided[0])
    reason = _reason(scenario, decided[1])
    by_counts = scenario.ends == "Promoted" or reason.startswith(f"{scenario.check}: ")
    counted = through(decided[1]) if by_counts else None
    bad = _first_bad(course, scenario, report)
    turned = ended is not None and scenario.ends != "Promoted"
    return Seen(
        scenario,
        outcome(status)[1],
        _evidence(scenario, decided[1]) if by_counts else reason,
        ended[0] - bad if ended is not None and turned and bad is not None else None,
        ended[0] - counted if ended is not None and turned and counted is not None else None,
        (report,),
        course.largest_status,
        problem,
        notes,
    )


def _is_decided(scenario: Scenario, status: Status) -> bool:
    """Tell whether the verdict is known: an ended rollout, or one that is on its way back."""
    if scenario.ends == "RolledBack":
        return any(entry["version"] == scenario.canary for entry in status.get("withdrawn") or ())
    return outcome(status) == (scenario.canary, scenario.ends)


def _reason(scenario: Scenario, status: Status) -> str:
    """Return why the canary was withdrawn."""
    return next((entry["reason"] for entry in status.get("withdrawn") or () if entry["version"] == scenario.canary), "")


def _evidence(scenario: Scenario, status: Status) -> str:
    found = judged(status, scenario.check)
    if not found:  # a way back begins with none
        return _reason(scenario, status)
    decision = status.get("decision") or {}
    failures, requests = found["failures"], found["requests"]
    shown = f"{failures['canary']} of {requests['canary']}, stable {failures['stable']} of {requests['stable']}"
    if scenario.ends == "Promoted":
        return f"{scenario.check}: {shown}"
    return f"{scenario.check}: {shown}; {decision.get('worse')} of {decision.get('abortAt')}"


def _first_bad(course: Course, scenario: Scenario, report: Mapping[str, Any]) -> float | None:
    """Return when the canary gave the first answer that anybody could have judged, in seconds since 1970."""
    known = [at for kind, at in report["first"].items() if kind == scenario.canary or kind.endswith("of canary")]
    if known:
        return float(report["began"] + min(known))
    shadowed = course.first(lambda status: (status.get("rollout") or {}).get("phase") == "Shadowing")
    return shadowed[0] if shadowed is not None else None


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
