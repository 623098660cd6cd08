"""What the judge is asked for, and how what it found is shown: few numbers, and not too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mooring.api.judging import Analysis
from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.rolloutstatus import ArmCounts, DecisionStatus, Evidence
from mooring.reconcile.modeldeployment.rollout import Rollout
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import steps_of
from mooring.reconcile.observed import Judgement
from mooring.stats.judge import Catastrophe, Count, Decision, Settings, Tolerance

EVIDENCE_SECONDS = 10
"""Evidence is written at most so often."""
_MOST = 999_999_999.0


def judge_settings(spec: ModelDeploymentSpec) -> Settings:
    """Return what the judge is asked for; disagreement only where a step shadows, since it has a share of the risk."""
    asked = spec.rollout.analysis or Analysis()
    shadows = any(step.shadow_per_cent is not None for step in steps_of(spec))
    slow = asked.latency
    return Settings(
        errors=Tolerance(float(asked.errors.tolerance), float(asked.errors.floor)),
        latency=Tolerance(float(slow.tolerance), float(slow.floor)) if slow is not None else None,
        max_disagreement=float(asked.disagreement.max) if shadows else None,
        quality_tolerance=float(asked.quality.tolerance) if asked.quality is not None else None,
        catastrophe=Catastrophe(asked.catastrophe.consecutive_failures, float(asked.catastrophe.error_rate)),
        max_false_promote=float(asked.max_false_promote),
        max_false_abort=float(asked.max_false_abort),
    )


def shown(sight: Sight, rollout: Rollout) -> tuple[list[Evidence], DecisionStatus | None]:
    """Return the judge's numbers for status: of this rollout, or as the last one left them."""
    before = sight.seen.deployment.status
    if rollout.fresh:
        return [], None
    judged = (
        sight.judgement(rollout.stable, rollout.canary)
        or sight.judgement(rollout.previous, rollout.stable)
        or sight.judgement(before.stable, before.canary)  # which this very plan may have ended
    )
    if judged is None or not _is_news(before.evidence, judged.decision):
        return before.evidence, before.decision
    return _checks(judged), _totals(judged.decision)


def _is_news(before: list[Evidence], decision: Decision) -> bool:
    if [(item.check, item.verdict) for item in before] != [(item.check, item.verdict) for item in decision.checks]:
        return True
    written = max((item.through for item in before), default=None)
    return written is None or _through(decision) - written >= timedelta(seconds=EVIDENCE_SECONDS)


def _checks(judged: Judgement) -> list[Evidence]:
    return [
        Evidence(
            check=item.check,
            requests=_counts(item.requests),
            failures=_counts(item.failures),
            worse=_factor(item.worse),
            no_worse=_factor(item.no_worse),
            verdict=item.verdict,
            through=_through(judged.decision),
        )
        for item in judged.decision.checks
    ]


def _totals(decision: Decision) -> DecisionStatus:
    least = decision.least_no_worse
    return DecisionStatus(
        worse=_factor(decision.worse),
        abort_at=_factor(decision.abort_at),
        least_no_worse=_factor(least) if least is not None else None,
        promote_at=_factor(decision.promote_at),
    )


def _counts(count: Count) -> ArmCounts:
    return ArmCounts(stable=count.stable, canary=count.canary)


def _through(decision: Decision) -> datetime:
    return datetime.fromtimestamp(decision.through // 1000, UTC)


def _factor(value: float) -> str:
    """Return a factor in two significant digits, without an exponent."""
    bounded = min(value, _MOST)
    return f"{bounded:.0f}" if bounded >= 10 else f"{bounded:.2g}" if bounded >= 0.001 else "0"
