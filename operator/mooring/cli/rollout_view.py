"""A rollout as people read it: where it stands, what was shown, what may be done next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.rolloutstatus import Arm, Evidence, Forecast, HistoryEntry, ModelDeploymentStatus
from mooring.stats.judge import rounded

_GREAT = 1000


def view(deployment: ModelDeployment, *, forecast: bool = True) -> str:
    """Return where a rollout stands, in a few lines; without `forecast` what was said before is not said again."""
    told = deployment.status.forecast if forecast else None
    return "\n".join([*_lines(deployment), *(_forecast(told) if told is not None else ())])


def is_over(deployment: ModelDeployment) -> bool:
    """Tell whether nothing is on its way any more, of the spec as it is now."""
    status = deployment.status
    current = status.observed_generation == deployment.metadata.generation
    return current and status.stable is not None and status.canary is None


def history(deployment: ModelDeployment) -> str:
    """Return the rollouts that ended, newest first."""
    rows = [("ENDED", "FROM", "TO", "OUTCOME", "SECONDS", "REASON"), *map(_entry, deployment.status.history)]
    return "\n".join(_table(rows))


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
    yield from _evidence(status)
    said = next((item.message for item in status.conditions if item.type == "Progressing"), None)
    if said is not None:
        yield f"  {said}"


def _arm(role: str, arm: Arm | None) -> Iterator[str]:
    if arm is not None:
        yield f"  {role}   {arm.version}, {arm.ready} of {arm.replicas} replicas ready"


def _evidence(status: ModelDeploymentStatus) -> Iterator[str]:
    """Return what every check has shown, below what all of them together have, beside what is needed."""
    if not status.evidence:
        return
    together = status.decision
    if together is not None:
        least = f"no worse {_factor(together.least_no_worse or '0')}, passed at {together.promote_at}"
        yield f"  evidence: worse {_factor(together.worse)}, withdrawn at {together.abort_at}; {least}"
    rows = [
        ("CHECK", "FAILED OF THE CANARY", "OF THE STABLE", "WORSE", "NO WORSE", "SHOWN"),
        *map(_check, status.evidence),
    ]
    yield from (f"    {row}" for row in _table(rows))


def _check(item: Evidence) -> tuple[str, ...]:
    canary = f"{item.failures.canary} of {item.requests.canary}"
    stable = f"{item.failures.stable} of {item.requests.stable}"
    return item.check, canary, stable, _factor(item.worse), _factor(item.no_worse), item.verdict


def _factor(value: str) -> str:
    """Return a factor as far as anybody minds how great it is."""
    return value if float(value) < _GREAT else f"over {_GREAT}"


def _forecast(forecast: Forecast) -> Iterator[str]:
    """Return after which time each step has shown what, beside the traffic that this is said for."""
    rate = float(forecast.failure_rate)
    known = f"{forecast.requests_per_minute} requests a minute, {100 * rate:.2g}% of the stable's failing"
    yield f"  forecast, at about {known}:"
    rows: list[tuple[str, ...]] = [("STEP", "NO WORSE", "TWICE THE FAILURES", "FIVE TIMES")]
    for step in forecast.steps:
        times = (step.no_worse_seconds, step.doubled_seconds, step.fivefold_seconds)
        rows.append((step.step, *map(_after, times)))
    columns = 4 if rate else 2  # what fails twice as often as never is not known
    yield from (f"    {row}" for row in _table([row[:columns] for row in rows]))
    yield from (f"    warning: {step.warning}" for step in forecast.steps if step.warning is not None)


def _after(seconds: int | None) -> str:
    return rounded(seconds) if seconds is not None else "not in a week"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _known(share: int | None) -> str:
    return f"{share}%" if share is not None else "not known what is"


def _entry(entry: HistoryEntry) -> tuple[str, ...]:
    ended = entry.at.strftime("%Y-%m-%d %H:%M:%SZ")
    return ended, entry.from_ or "-", entry.to, entry.outcome, str(entry.seconds), entry.reason
