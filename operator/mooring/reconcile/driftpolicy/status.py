"""What a DriftPolicy says of itself."""

from __future__ import annotations

from datetime import datetime

from mooring.api.driftstatus import DriftPolicyStatus, MonthStatus
from mooring.reconcile.conditions import Truth, Wanted, set_conditions, shorten, summary
from mooring.reconcile.driftpolicy import classifying
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.decide import Decision
from mooring.reconcile.driftpolicy.findings import findings
from mooring.reconcile.driftpolicy.follow import is_under_way
from mooring.reconcile.driftpolicy.problems import problems, sentence
from mooring.reconcile.driftpolicy.runs import in_month
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.shown import shown

_WATCHING = "Watching"
_UNREADABLE = "EvidenceUnreadable"


def compose(seen: Seen, decision: Decision, now: datetime) -> DriftPolicyStatus:
    """Return the whole status after this plan."""
    metadata, before, course = seen.policy.metadata, seen.policy.status, decision.course
    evidence = shown(seen)
    wanted = conditions(seen, decision, now)
    moment = now.replace(microsecond=0)
    return DriftPolicyStatus(
        observed_generation=metadata.generation,
        conditions=set_conditions(before.conditions, wanted, generation=metadata.generation, now=moment),
        reference=evidence.reference,
        window=evidence.window,
        detectable=evidence.detectable,
        evidence=evidence.evidence,
        segments=evidence.segments,
        top=evidence.top,
        top_feature=evidence.top_feature,
        metrics=evidence.metrics,
        last_number=course.number or None,
        request=course.request,
        last=course.last,
        suppressed=course.suppressed,
        month=_month(seen, course, now),
        data=course.data,
        classifier=classifying.read(seen, now),
        scheduled=_scheduled(seen, course),
        alarm=course.alarm or None,
        backoff=course.backoff or None,
    )


def conditions(seen: Seen, decision: Decision, now: datetime) -> list[Wanted]:
    """Return every condition as it should be now."""
    course, ready = decision.course, _ready(seen, decision)
    asked = course.request is not None and course.request.state == "Asked"
    busy = asked or is_under_way(seen, course.last) or ready[1] == "Reading"
    stalled = any(item.reason != "Suspended" for item in problems(seen))
    found = [Wanted(item.aspect, item.status, item.reason, item.message) for item in findings(seen, now)]
    return [*summary(ready=ready, busy=busy, stalled=stalled), *found, _held(course)]


def _ready(seen: Seen, decision: Decision) -> tuple[Truth, str, str]:
    wrong = problems(seen)
    if wrong:
        return "False", wrong[0].reason, shorten(sentence(wrong))
    if seen.serves is None:
        return "False", "NoVersion", f"ModelDeployment {seen.policy.spec.deployment} serves no version yet"
    known = seen.evidence
    if known is None:
        return _as_before(seen, decision)
    if known.trouble is not None:
        return "False", _UNREADABLE, known.trouble
    if not known.digest:
        return "False", "Reading", f"the reference of {seen.serves} is being read"
    warnings = f"; beware: {' '.join(known.warnings)}" if known.warnings else ""
    return "True", _WATCHING, f"{decision.sentence}{warnings}"


def _as_before(seen: Seen, decision: Decision) -> tuple[Truth, str, str]:
    """Return what was said before a restart, where nothing but the restart happened."""
    before = next((item for item in seen.policy.status.conditions if item.type == "Ready"), None)
    reference = seen.policy.status.reference
    if before is None or reference is None or reference.version != seen.serves:
        return "False", "Reading", f"the reference of {seen.serves} is being read"
    if before.reason in (_UNREADABLE, "Reading"):
        return before.status, before.reason, before.message
    kept = before.reason == _WATCHING and before.message.startswith(decision.sentence[:900])
    return "True", _WATCHING, before.message if kept else decision.sentence


def _held(course: Course) -> Wanted:
    held = course.suppressed
    if held is None:
        return Wanted("RetrainSuppressed", "False", "NotSuppressed", "nothing is held back")
    return Wanted("RetrainSuppressed", "True", held.reason, held.message)


def _month(seen: Seen, course: Course, now: datetime) -> MonthStatus | None:
    retrain = seen.policy.spec.retrain
    if retrain is None:
        return None
    return MonthStatus(retrains=len(in_month(seen, now)), limit=retrain.max_per_month, starts=list(course.starts))


def _scheduled(seen: Seen, course: Course) -> datetime | None:
    """Return the watermark of schedules, where there are any."""
    return course.scheduled if any(item.type == "Schedule" for item in seen.policy.spec.active_triggers) else None
