"""Whether a run helped: what is lost by ground truth after it against what was lost before."""

from __future__ import annotations

from dataclasses import replace

from mooring.api.driftstatus import LastStatus, OfProbabilities
from mooring.reconcile.driftpolicy.course import Course
from mooring.reconcile.driftpolicy.numbers import share
from mooring.reconcile.driftpolicy.seen import Seen
from mooring.reconcile.driftseen import DriftSeen
from mooring.stats.drift.losses import TITLES

_ERROR = "mae_binned"
"""As the statistics name it."""


def loss(known: DriftSeen | None) -> float | None:
    """Return what is lost: the share of predictions, or the score or error that is known instead; None without truths.

    Losses of a regression are counted above a bound of the version's own, so that two versions' shares cannot be
    compared, and their errors can.
    """
    if known is None or known.harm is None or known.harm.state not in ("Quiet", "Alarm"):
        return None
    error = _error(known)
    return error if error is not None else known.harm.rate


def metric_of(known: DriftSeen | None) -> OfProbabilities | None:
    """Return the score of probabilities that a loss is by; None: it is a share of predictions, or an error."""
    if known is None or known.harm is None or known.harm.loss == "zero_one":
        return None
    return known.harm.loss


def _error(known: DriftSeen) -> float | None:
    """Return the mean error of a regression."""
    return next((value for name, value, truths in known.metrics if name == _ERROR and truths), None)


def measure(seen: Seen, course: Course) -> Course:
    """Return the course with the gain of what was promoted, once evidence about it is there."""
    last, known = course.last, seen.evidence
    if last is None or last.outcome != "Promoted" or last.helped is not None or known is None:
        return course
    if last.version != known.version:
        return course
    after = loss(known)
    if last.loss is not None and after is not None and last.metric == metric_of(known):
        return _by_truth(course, last, known, after)
    if last.trigger == "InputDrift" and last.loss is None and known.window is not None:
        beyond = "is beyond the floor" if known.streak else "is without drift"
        told = f"the first window of {last.version} ({known.window.rows} rows) {beyond}"
        return _judged(course, last, helped=not known.streak, told=told)
    return course


def _by_truth(course: Course, last: LastStatus, known: DriftSeen, after: float) -> Course:
    before = float(last.loss or 0)
    gain = before - after
    if _error(known) is not None:
        gain = gain / before if before else 0.0
    truths = known.harm.truths if known.harm is not None else 0
    what = TITLES[known.harm.loss] if known.harm is not None else TITLES["zero_one"]
    told = f"{what} {share(after)} of {truths} truths of {last.version}, {share(before)} before"
    measured = last.model_copy(update={"gain": share(gain)})
    return _judged(course, measured, helped=gain > 0, told=told)


def _judged(course: Course, last: LastStatus, *, helped: bool, told: str) -> Course:
    judged = replace(
        course,
        last=last.model_copy(update={"helped": helped}),
        backoff=0 if helped else course.backoff + 1,
    )
    return judged.tell("Normal" if helped else "Warning", "Helped" if helped else "DidNotHelp", f"{last.id}: {told}")
