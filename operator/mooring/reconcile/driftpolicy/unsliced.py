"""Segments that a policy names and the version that serves was not counted by: what to write and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from mooring.reconcile.driftpolicy.seen import Seen

REASON: Final[Literal["NotSliced"]] = "NotSliced"
ALSO: Final = "; also "
"""Between what is told of two problems; this one is told last."""


def told(seen: Seen) -> str | None:
    """Return a sentence where the version that serves lacks slices; as before where nobody knows after a restart."""
    if seen.policy.spec.suspend or not seen.policy.spec.segments:
        return None
    known = seen.evidence
    if known is None:
        return _as_before(seen)
    return _message(seen, known.unsliced) if known.unsliced else None


def _as_before(seen: Seen) -> str | None:
    reference = seen.policy.status.reference
    if reference is None or reference.version != seen.serves:
        return None
    conditions = seen.policy.status.conditions
    ready = next((item for item in conditions if item.type == "Ready"), None)
    if ready is None:
        return None
    return ready.message if ready.reason == REASON else ready.message.partition(f"{ALSO}{REASON}: ")[2] or None


def _message(seen: Seen, columns: Sequence[str]) -> str:
    job, sliced = _job(seen), _sliced(seen)
    missing = [column for column in columns if column not in sliced]
    slices = ", ".join(f"{{column: {column}}}" for column in (*sliced, *missing))
    write = f"write evaluation.slices: [{slices}] in TrainingJob {job}, and run it"
    do = write if missing else f"run TrainingJob {job}"
    return (
        f"{seen.serves} was trained without slices by {', '.join(columns)}, so segments by "
        f"{'it' if len(columns) == 1 else 'them'} are not watched: {do}, by kubectl annotate tj/{job} "
        "mooring.dev/run=$(date +%s),force --overwrite (force: what is learned is the same); all else is watched and "
        "may ask"
    )


def _job(seen: Seen) -> str:
    """Return the name of the TrainingJob that makes versions of what serves."""
    if seen.job is not None:
        return seen.job.metadata.name
    record = seen.version(seen.serves)
    came_of = record.spec.provenance if record is not None else None
    return came_of.training_job if came_of is not None else "NAME"


def _sliced(seen: Seen) -> list[str]:
    """Return the columns that the recipe slices by now."""
    return [item.column for item in seen.job.spec.evaluation.slices] if seen.job is not None else []
