"""From evidence to a verdict."""

from __future__ import annotations

from mooring.stats.judge.decision import Decision, Evidence, Verdict
from mooring.stats.judge.evidence import evidence
from mooring.stats.judge.settings import MIN_DWELL_SECONDS, CheckName, Settings
from mooring.stats.judge.state import JudgeState


def decide(state: JudgeState, settings: Settings, *, shadow: bool, min_requests: int = 0) -> Decision:
    """Return the verdict on the evidence so far, for a step that shadows or one that has traffic of its own.

    A shadow step is passed by what only a shadow shows: disagreement. Ground truth is required wherever some came.
    """
    required = _required(state, settings, shadow=shadow)
    checks = tuple(evidence(name, state, settings, required=name in required) for name in settings.checks)
    verdict, reason = _verdict(state, settings, checks, min_requests)
    return Decision(
        verdict=verdict,
        reason=reason,
        worse=_worse(settings, checks),
        abort_at=1 / settings.max_false_abort,
        least_no_worse=min((check.no_worse for check in checks if check.required), default=None),
        promote_at=1 / settings.max_false_promote,
        checks=checks,
        seconds=state.step.milliseconds // 1000,
        requests=state.step.requests,
        unknown=state.step.unknown,
        through=state.through,
        catastrophe=bool(state.catastrophe),
    )


def _required(state: JudgeState, settings: Settings, *, shadow: bool) -> set[CheckName]:
    required: set[CheckName] = {"disagreement"} if shadow else {"errors", "latency"}
    if state.compared:
        required.add("disagreement")
    if state.pairs.count + state.labels.canary.count + state.labels.waiting_canary.count:
        required.add("quality")
    return required & set(settings.checks)


def _worse(settings: Settings, checks: tuple[Evidence, ...]) -> float:
    """Return the weighted mean of e-values: one e-value, whatever the checks have to do with one another."""
    return sum(settings.share(name) * check.worse for name, check in zip(settings.checks, checks, strict=True))


def _verdict(
    state: JudgeState, settings: Settings, checks: tuple[Evidence, ...], min_requests: int
) -> tuple[Verdict, str]:
    if state.catastrophe:
        return "Abort", f"errors: {state.catastrophe}"
    if _worse(settings, checks) >= 1 / settings.max_false_abort:
        return "Abort", max(checks, key=lambda check: check.worse).sentence
    required = [check for check in checks if check.required]
    if not required:
        return "Undecided", "no check is asked for that this step could pass"
    if waits := next((check for check in required if check.no_worse < 1 / settings.max_false_promote), None):
        return "Undecided", waits.sentence
    if state.step.requests < min_requests:
        return "Undecided", f"no worse so far, with {state.step.requests} of at least {min_requests} requests"
    if (seconds := state.step.milliseconds // 1000) < MIN_DWELL_SECONDS:
        return "Undecided", f"no worse so far, after {seconds} of at least {MIN_DWELL_SECONDS} s of traffic"
    return "NoWorse", "; ".join(check.sentence for check in required)
