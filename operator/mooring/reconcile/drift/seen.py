"""What is known of one policy's version, as its plan is given it: derived from the state alone."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.reconcile.drift.watch import SLOT, Watched
from mooring.reconcile.driftseen import DriftSeen, SegmentSeen
from mooring.stats.drift.window import Open

ADVISED_ROWS = 20_000
"""Of a reference: below, only large changes can be seen."""
MOST_TROUBLES = 3
_LATE_MILLISECONDS = 75_000
"""Who waits for a pod's counts for longer cannot say that nobody asks: the slowest round is a minute."""


def seen_of(watched: Watched, now: float, troubles: Sequence[str] = ()) -> DriftSeen:
    """Return what the plan is given; `troubles` are what went wrong in the last look, each a sentence."""
    basis, findings, pace = watched.basis, watched.findings, watched.pace
    window = watched.drift.window if watched.drift is not None else Open()
    profile = basis.profile if basis is not None else None
    late = now * 1000 - watched.slots.through * SLOT
    return DriftSeen(
        at=int(now * 1000),
        version=watched.version,
        digest=basis.digest if basis is not None else "",
        rows=profile.rows if profile is not None else 0,
        warnings=warnings_of(watched),
        trouble=trouble_of(troubles),
        begun=watched.begun,
        begun_because=watched.because,
        opened=window.opened,
        window_rows=window.rows,
        unknown=window.unknown,
        closed=watched.drift.closed if watched.drift is not None else 0,
        window=findings.window,
        harm=findings.harm,
        harm_at=findings.harm_at,
        settled=findings.settled,
        streak=findings.streak,
        last_rows_at=pace.since if pace.rows_at is not None and late <= _LATE_MILLISECONDS else None,
        usual_gap_seconds=max(pace.before) // 1000 if pace.before else None,
        alarms=watched.alarms,
        rejected=_rejected(watched),
        metrics=findings.harm.metrics if findings.harm is not None else (),
        segments=_segments(watched),
        unsliced=unsliced_of(watched),
    )


def trouble_of(troubles: Sequence[str]) -> str | None:
    """Return one text of them all, which status has room for."""
    if not troubles:
        return None
    more = len(troubles) - MOST_TROUBLES
    return "; ".join(troubles[:MOST_TROUBLES]) + (f"; and {more} more" if more > 0 else "")


def warnings_of(watched: Watched) -> tuple[str, ...]:
    """Return what the reference cannot show, each as a sentence."""
    if watched.basis is None:
        return ()
    if watched.basis.profile is None:
        return (f"{watched.basis.lacking}: windows are counted, and nothing can be said of them",)
    profile, fitted = watched.basis.profile, watched.fitted
    found = []
    if profile.rows < ADVISED_ROWS:
        found.append(f"the reference has {profile.rows:,} rows: {ADVISED_ROWS:,} or more show smaller changes")
    if fitted is not None and not fitted.by_metric:
        found.append(f"harm.metric {fitted.asked.metric} is none of what {watched.version} does: harm is not judged")
    elif fitted is not None and not fitted.says_of_what:
        found.append(
            f"the profile of {watched.version} does not say of which class its scores are: harm is not judged by "
            f"{fitted.asked.metric}; train it again, or set harm.metric to accuracy"
        )
    elif fitted is not None and fitted.watch.reference.losses.rows == 0:
        found.append("the reference has no losses of held out rows: harm by ground truth is not judged")
    if all(one.blocks is None for one in profile.numbers) and all(one.blocks is None for one in profile.categories):
        found.append("the reference knows no time: what repeats by hour or by day may be taken for drift")
    return tuple(found)


def unsliced_of(watched: Watched) -> tuple[str, ...]:
    """Return the columns that are asked for and that the version was not sliced by."""
    fitted = watched.fitted
    return tuple(one for one in watched.asked.segments if one not in fitted.sliced) if fitted is not None else ()


def _segments(watched: Watched) -> tuple[SegmentSeen, ...]:
    fitted = watched.fitted
    if fitted is None or not fitted.segments:
        return ()
    if not watched.segments:
        return tuple(SegmentSeen(within.segment.name, within.segment.rows) for within in fitted.segments)
    return tuple(
        SegmentSeen(
            within.segment.name,
            within.segment.rows,
            one.drift.closed,
            one.findings.window,
            one.findings.harm,
            one.findings.harm_at,
            one.findings.streak,
        )
        for within, one in zip(fitted.segments, watched.segments, strict=True)
    )


def _rejected(watched: Watched) -> tuple[tuple[str, int], ...]:
    counts = watched.findings.rejected
    if watched.basis is None or not counts:
        return ()
    named = [
        (feature.name, count) for feature, count in zip(watched.basis.layout.features, counts, strict=False) if count
    ]
    return tuple(sorted(named, key=lambda one: -one[1])[:10])
