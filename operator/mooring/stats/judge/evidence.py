"""What is shown about each check, in numbers and in a sentence."""

from __future__ import annotations

from math import exp, log

from mooring.stats.judge import binomial, quality
from mooring.stats.judge.decision import Count, Evidence, Verdict
from mooring.stats.judge.odds import OddsEvidence
from mooring.stats.judge.settings import CheckName, Settings, Tolerance
from mooring.stats.judge.state import JudgeState

MOST = 1e12
"""Greater e-values are shown as this one."""


def evidence(name: CheckName, state: JudgeState, settings: Settings, *, required: bool) -> Evidence:
    """Return what is shown about one check."""
    if name == "errors" and settings.errors is not None:
        requests, failures, logs, said = _odds(state.errors, settings.errors, "failed")
    elif name == "latency" and settings.latency is not None:
        requests, failures, logs, said = _odds(state.latency, settings.latency, "was slow in")
    elif name == "disagreement" and settings.max_disagreement is not None:
        requests, failures, logs, said = _disagreement(state, settings.max_disagreement)
    else:
        requests, failures, logs, said = _quality(state, settings.quality_tolerance or 0.0)
    worse, no_worse = _shown(logs[0]), _shown(logs[1])
    verdict = _verdict(worse * settings.share(name), no_worse, settings)
    return Evidence(
        name,
        requests,
        failures,
        worse,
        no_worse,
        required,
        verdict,
        f"{name}: {said}; {_why(worse, no_worse, settings, name)}",
    )


def _verdict(worse: float, no_worse: float, settings: Settings) -> Verdict:
    if worse >= 1 / settings.max_false_abort:
        return "Abort"
    return "NoWorse" if no_worse >= 1 / settings.max_false_promote else "Undecided"


def _why(worse: float, no_worse: float, settings: Settings, name: CheckName) -> str:
    abort_at, promote_at = 1 / settings.max_false_abort / settings.share(name), 1 / settings.max_false_promote
    if worse >= abort_at:
        return f"shown to be worse (evidence {worse:.3g} of {abort_at:.3g})"
    if no_worse >= promote_at:
        return f"shown to be no worse (evidence {no_worse:.3g} of {promote_at:.3g})"
    return (
        f"neither shown to be worse (evidence {worse:.2g} of {abort_at:.3g})"
        f" nor to be no worse ({no_worse:.2g} of {promote_at:.3g})"
    )


Found = tuple[Count, Count, tuple[float, float], str]


def _odds(found: OddsEvidence, tolerance: Tolerance, verb: str) -> Found:
    requests = Count(found.stable.all_requests, found.canary.all_requests)
    bad = Count(found.stable.all_bad, found.canary.all_bad)
    said = (
        f"the canary {verb} {bad.canary} of {requests.canary} requests{_share(bad.canary, requests.canary)},"
        f" the stable {bad.stable} of {requests.stable}{_share(bad.stable, requests.stable)}"
    )
    if found.one_caller:
        said += ", nearly all from one caller"
    return requests, bad, (found.log_worse(), found.log_no_worse(tolerance)), said


def _disagreement(state: JudgeState, bound: float) -> Found:
    compared, disagreed = state.compared, state.disagreed
    logs = (binomial.log_above(compared, disagreed, bound), binomial.log_below(compared, disagreed, bound))
    said = (
        f"the answers differ in {disagreed} of {compared} compared requests{_share(disagreed, compared)},"
        f" {bound:.3g} is allowed"
    )
    return Count(compared, compared), Count(0, disagreed), logs, said


def _quality(state: JudgeState, tolerance: float) -> Found:
    pairs, stable, canary = state.pairs, state.labels.stable, state.labels.canary
    requests = Count(stable.count + pairs.count, canary.count + pairs.count)
    losses = Count(round(stable.loss) + pairs.better, round(canary.loss) + pairs.worse)
    logs = (
        quality.log_worse(pairs, state.labels, tolerance),
        quality.log_no_worse(pairs, state.labels, tolerance),
    )
    said = (
        f"by ground truth the canary lost {canary.loss:.4g} on {canary.count} answers,"
        f" the stable {stable.loss:.4g} on {stable.count}"
    )
    if pairs.count:
        said += f"; of {pairs.count} pairs it did worse in {pairs.worse} and better in {pairs.better}"
    return requests, losses, logs, said


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.2g}%)" if whole else ""


def _shown(logarithm: float) -> float:
    return exp(min(logarithm, log(MOST)))
