"""Policies that fire together: a fault that they share is upstream, and training ten models does not mend it."""

from __future__ import annotations

from datetime import timedelta

from mooring.api.driftstatus import RequestStatus
from mooring.reconcile.driftpolicy.others import ALARMING, DRIFT_GATHERS, Other, drifted_since, gather_time
from mooring.reconcile.driftpolicy.seen import Seen

_NAMED = 5


def storm(seen: Seen, request: RequestStatus) -> str | None:
    """Return a sentence that names the others, where as many deployments as make a storm fire together."""
    if request.trigger not in ALARMING:
        return None
    own = (seen.policy.metadata.namespace, seen.policy.spec.deployment)
    firing = {
        (other.namespace, other.deployment): other
        for other in seen.others
        if _fires(seen, request, other) and (other.namespace, other.deployment) != own
    }
    if 1 + len(firing) < seen.storm_policies:
        return None
    named = [f"{other.namespace}/{other.name}" for _, other in sorted(firing.items())]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    how = "fire" if all(_has_fired(seen, request, other) for other in firing.values()) else "fire or drift"
    return (
        f"{1 + len(firing)} deployments {how} together (>= {seen.storm_policies}), with {', '.join(named[:_NAMED])}"
        f"{more}: look for what they share; to train all the same, annotate mooring.dev/approve={request.id}"
    )


def _fires(seen: Seen, request: RequestStatus, other: Other) -> bool:
    return not other.suspended and (_has_fired(seen, request, other) or _drifts_too(seen, other))


def _has_fired(seen: Seen, request: RequestStatus, other: Other) -> bool:
    return other.trigger in ALARMING and other.at is not None and abs(other.at - request.at) <= _near(seen, other)


def _drifts_too(seen: Seen, other: Other) -> bool:
    """Tell whether another drifts since the same time.

    Harm is shown sooner here and later there; what changed upstream moves the inputs of all at once.
    """
    since = drifted_since(seen.policy)
    return (
        since is not None
        and other.drifted is not None
        and abs(other.drifted - since) <= (DRIFT_GATHERS * _near(seen, other))
    )


def _near(seen: Seen, other: Other) -> timedelta:
    return max(gather_time(seen.policy), timedelta(seconds=other.gather_seconds))
