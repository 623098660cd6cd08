"""Whether a run helped: what is lost by ground truth after it against what was lost before."""

from __future__ import annotations

from dataclasses import replace

from mooring.api.driftstatus import LastStatus, OfProbabilities
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.numbers import share
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftpolicy.segments import ALL, all_rows, part, within
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.stats.drift.losses import TITLES

_ERROR = "mae_binned"
"""As the statistics name it."""


def loss(known: DriftSeen | None, segment: str = ALL) -> float | None:
    """Return what is lost: the share of predictions, or the score or error that is known instead; None without truths.

    Losses of a regression are counted above a bound of the version's own, so that two versions' shares cannot be
    compared, and their errors can.
    """
    of = part(known, segment) if known is not None else None
    if known is None or of is None or of.harm is None or of.harm.state not in ("Quiet", "Alarm"):
        return None
    error = _error(known, of)
    return error if error is not None else of.harm.rate


def metric_of(known: DriftSeen | None) -> OfProbabilities | None:
    """Return the score of probabilities that a loss is by; None: it is a share of predictions, or an error."""
    if known is None or known.harm is None or known.harm.loss == "zero_one":
        return None
    return known.harm.loss


def _error(known: DriftSeen, of: SegmentSeen) -> float | None:
    """Return the mean error of a regression."""
    metrics = known.metrics if of.name == ALL else of.harm.metrics if of.harm is not None else ()
    return next((value for name, value, truths in metrics if name == _ERROR and truths), None)


def measure(seen: Seen, course: Course) -> Course:
    """Return the course with the gain of what was promoted, once evidence about it is there.

    It is measured where the evidence was: in the same segment. A version that knows no such segment is measured by all
    rows, which were remembered beside it.
    """
    last, known = course.last, seen.evidence
    if last is None or last.outcome != "Promoted" or last.helped is not None or known is None:
        return course
    if last.version != known.version or (last.segment is not None and not known.digest):
        return course
    of = part(known, last.segment)
    before = last.loss if of is not None else last.overall_loss
    of = of or all_rows(known)
    after = loss(known, of.name)
    if before is not None and after is not None and last.metric == metric_of(known):
        return _by_truth(course, last, known, of, float(before), after)
    if last.trigger == "InputDrift" and before is None and of.window is not None:
        beyond = "is beyond the floor" if of.streak else "is without drift"
        told = f"the first window of {last.version}{_where(last, of)} ({of.window.rows} rows) {beyond}"
        return _judged(course, last, helped=not of.streak, told=told)
    return course


def _by_truth(
    course: Course, last: LastStatus, known: DriftSeen, of: SegmentSeen, before: float, after: float
) -> Course:
    gain = before - after
    if _error(known, of) is not None:
        gain = gain / before if before else 0.0
    truths = of.harm.truths if of.harm is not None else 0
    what = TITLES[of.harm.loss] if of.harm is not None else TITLES["zero_one"]
    told = f"{what} {share(after)} of {truths} truths of {last.version}{_where(last, of)}, {share(before)} before"
    measured = last.model_copy(update={"gain": share(gain)})
    return _judged(course, measured, helped=gain > 0, told=told)


def _where(last: LastStatus, of: SegmentSeen) -> str:
    if last.segment is None or of.name != ALL:
        return within(of.name)
    return f" in all rows (it knows no {last.segment})"


def _judged(course: Course, last: LastStatus, *, helped: bool, told: str) -> Course:
    judged = replace(
        course,
        last=last.model_copy(update={"helped": helped}),
        backoff=0 if helped else course.backoff + 1,
    )
    return judged.tell("Normal" if helped else "Warning", "Helped" if helped else "DidNotHelp", f"{last.id}: {told}")
