"""One look: from what status remembers and what is seen to where the ModelDeployment stands now.

The order is part of the law. What leaves is confirmed first; then people are obeyed; then it is decided which version
is on its way, and it makes at most one move; and shares and sizes follow from where everything stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mooring.api.rolloutstatus import Progress
from mooring.reconcile.modeldeployment.ahead import look_ahead
from mooring.reconcile.modeldeployment.aim import aim
from mooring.reconcile.modeldeployment.flow import lead, settle_drains
from mooring.reconcile.modeldeployment.march import march
from mooring.reconcile.modeldeployment.people import obey
from mooring.reconcile.modeldeployment.rollout import Rollout, recall
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.modeldeployment.sight import Sight


def advance(seen: Seen, now: datetime) -> tuple[Sight, Rollout]:
    """Return what is seen in the machine's words, and where the ModelDeployment stands now."""
    sight = Sight(seen, now)
    rollout = recall(seen, sight.now)
    for move in (settle_drains, obey, aim, march, lead, look_ahead):
        rollout = move(sight, rollout)
    return sight, replace(rollout, progress=_resting(sight, rollout))


def _resting(sight: Sight, rollout: Rollout) -> Progress:
    """Return the progress; where nothing is on its way, it says what was reached."""
    progress = rollout.progress
    if rollout.canary is not None or progress.phase in ("Stable", "RolledBack"):
        return progress
    if rollout.stable is not None:
        return Progress(phase="Stable", since=sight.now)
    return progress if progress.phase == "Waiting" else Progress(phase="Waiting", since=sight.now)
