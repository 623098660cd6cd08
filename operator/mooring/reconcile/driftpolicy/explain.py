"""A decision in one sentence, from what was saved of a look."""

from __future__ import annotations

from datetime import datetime

from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy.decide import decide
from mooring.reconcile.driftpolicy.seen import Seen


def explain(seen: Seen, now: datetime) -> str:
    """Return the sentence that explains what a plan decides at `now`."""
    decision = decide(seen, now)
    return shorten(f"{decision.verdict}: {decision.sentence}")
