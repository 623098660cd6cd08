"""The decision: from evidence, spec and time to nothing, hold, rollback or retrain, and the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mooring.reconcile.driftpolicy.course import Course, recall
from mooring.reconcile.driftpolicy.findings import findings
from mooring.reconcile.driftpolicy.follow import follow, is_under_way, take_up, under_way
from mooring.reconcile.driftpolicy.request import expire, open_request
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.weigh import weigh

Verdict = Literal["Nothing", "Hold", "Rollback", "Retrain"]


@dataclass(frozen=True)
class Decision:
    """What a policy decides now."""

    verdict: Verdict
    sentence: str
    """Which inequality fired or did not, with its numbers, on how many rows, against which reference."""
    course: Course


def decide(seen: Seen, now: datetime) -> Decision:
    """Return the decision for what is seen.

    The order is part of the law: what was acted on is followed first; then what has no reason any more goes; only then
    is anything new opened, and everything open is weighed against the guards.
    """
    course = recall(seen, now)
    for move in (take_up, follow, expire, open_request, weigh):
        course = move(seen, course, now)
    return Decision(_verdict(course), _sentence(seen, course, now), course)


def _verdict(course: Course) -> Verdict:
    if course.request is None:
        return "Nothing"
    return course.request.action if course.request.state == "Asked" else "Hold"


def _sentence(seen: Seen, course: Course, now: datetime) -> str:
    request, held = course.request, course.suppressed
    if request is not None and held is not None:
        return f"{request.id} is held ({held.reason}: {held.message}): {request.reason}"
    if request is not None:
        return f"{request.id} asks for {request.action}: {request.reason}"
    told = {item.aspect: item.message for item in findings(seen, now)}
    quiet = "; ".join(told[aspect] for aspect in ("Harmful", "Drifted") if aspect in told)
    if course.last is not None and is_under_way(seen, course.last):
        return f"{course.last.id} is under way: {under_way(seen, course.last)}; {quiet}"
    return f"nothing is asked for: {quiet or 'no evidence, 0 windows'}"
