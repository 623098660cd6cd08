"""A rollout as people read it: where it stands, what was shown, what may be done next."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.rolloutstatus import Arm, Evidence, HistoryEntry


def view(deployment: ModelDeployment) -> str:
    """Return where a rollout stands, in a few lines."""
    return "\n".join(_lines(deployment))


def is_over(deployment: ModelDeployment) -> bool:
    """Tell whether nothing is on its way any more, of the spec as it is now."""
    status = deployment.status
    current = status.observed_generation == deployment.metadata.generation
    return current and status.stable is not None and status.canary is None


def history(deployment: ModelDeployment) -> str:
    """Return the rollouts that ended, newest first."""
    rows = [("ENDED", "FROM", "TO", "OUTCOME", "SECONDS", "REASON"), *map(_entry, deployment.status.history)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:5], widths, strict=True)), row[5]]) for row in rows
    )


def _lines(deployment: ModelDeployment) -> Iterator[str]:
    status, progress, traffic = deployment.status, deployment.status.rollout, deployment.status.traffic
    if progress is None:
        yield f"{deployment.metadata.name}: not looked at yet"
        return
    share = f", {traffic.desired}%" if traffic is not None and status.canary is not None else ""
    at = f" at step {progress.step}" if progress.step is not None else ""
    yield f"{deployment.metadata.name}: {progress.phase}{at}{share}"
    yield from _arm("stable", status.stable)
    yield from _arm("canary", status.canary)
    if traffic is not None and status.canary is not None and traffic.applied != traffic.desired:
        yield f"  shares   {traffic.desired}% asked for, {_known(traffic.applied)} in force"
    yield from map(_check, status.evidence)
    said = next((item.message for item in status.conditions if item.type == "Progressing"), None)
    if said is not None:
        yield f"  {said}"


def _arm(role: str, arm: Arm | None) -> Iterator[str]:
    if arm is not None:
        yield f"  {role}   {arm.version}, {arm.ready} of {arm.replicas} replicas ready"


def _check(item: Evidence) -> str:
    bad = f"{item.failures.canary} of {item.requests.canary} against {item.failures.stable} of {item.requests.stable}"
    return f"  {item.check}: {bad}; worse {item.worse}, no worse {item.no_worse}: {item.verdict}"


def _known(share: int | None) -> str:
    return f"{share}%" if share is not None else "not known what is"


def _entry(entry: HistoryEntry) -> tuple[str, ...]:
    ended = entry.at.strftime("%Y-%m-%d %H:%M:%SZ")
    return ended, entry.from_ or "-", entry.to, entry.outcome, str(entry.seconds), entry.reason
