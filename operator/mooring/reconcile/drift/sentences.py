"""Which inequality fired, with its numbers, on how many rows, against which reference: in plain words."""

from __future__ import annotations

from mooring.ledger.profile import CategoryProfile, NumberProfile, Profile
from mooring.reconcile.drift.reference import Fitted
from mooring.stats.drift import Evidence, HarmReport, Name, WindowReport
from mooring.stats.drift.losses import TITLES


def moved(report: WindowReport, fitted: Fitted) -> str:
    """Return the sentence of an alarm about inputs."""
    top = report.top
    rows = fitted.profile.rows if fitted.profile is not None else 0
    if not top:
        return f"many features moved a little together; {_evidence(report.inputs)}"
    first = top[0]
    also = f"; so did {', '.join(one.column for one in top[1:4])}" if len(top) > 1 else ""
    more = f" and {len(top) - 4} more" if len(top) > 4 else ""
    allowed = f"(allowed {_share(_allowed(first.column, fitted))}, reference of {rows:,} rows)"
    return f"{_of_feature(first, fitted.profile)} {allowed}{also}{more}; {_evidence(report.inputs)}"


def shifted(report: WindowReport, fitted: Fitted) -> str:
    """Return the sentence of an alarm about predictions."""
    answers, least = fitted.watch.reference.predictions, fitted.asked.settings.predictions_effect
    if not report.moved:
        return f"predictions moved (allowed {_share(least)}); {_evidence(report.predictions)}"
    first = report.moved[0]
    floor = max(least, answers.label_blocks if first.column == "label" else answers.blocks)
    allowed = f"(allowed {_share(floor)}, reference of {sum(answers.scores):,} held out rows)"
    if first.column == "label":
        said = f"the share of answers with class {first.mark} (from 0) went {first.direction} by {_share(first.effect)}"
    else:
        said = f"predicted scores moved {first.direction} by {_share(first.effect)}"
    return f"{said} {allowed}; {_evidence(report.predictions)}"


def foretold(report: WindowReport, fitted: Fitted) -> str:
    """Return the sentence of an alarm about losses that are expected, not known."""
    evidence, losses = report.estimated, fitted.watch.reference.losses
    rate, reference, tolerance = evidence.rate or 0.0, evidence.reference or 0.0, fitted.asked.settings.tolerance
    if evidence.loss == "zero_one":
        said = f"to lose {_percent(rate)} of predictions, against {_percent(reference)}"
        allowed = _percent(tolerance)
    else:
        said = f"to have a {TITLES[evidence.loss]} of {_share(rate)}, against {_share(reference)}"
        allowed = _share(tolerance)
    return (
        f"by what it predicts, the model is expected {said} of {losses.rows:,} rows at training (allowed {allowed} "
        f"more); an estimate, no truth; {_evidence(evidence)}"
    )


def harmed(report: HarmReport, fitted: Fitted) -> str:
    """Return the sentence of an alarm about ground truth."""
    rows = f"{fitted.watch.reference.losses.rows:,} rows at training"
    evidence = f"evidence {_number(report.value)} >= {_number(report.alarm_at)}"
    if report.loss != "zero_one":
        return (
            f"{TITLES[report.loss]} {_share(report.rate)} by {report.truths:,} truths, against "
            f"{_share(report.reference)} of {rows} (allowed {_share(report.bound)}); {evidence}"
        )
    what = "wrong answers" if fitted.layout.classes > 1 else "large errors (above 9 in 10 of those at training)"
    return (
        f"{what} in {_percent(report.rate)} of predictions by {report.truths:,} truths, against "
        f"{_percent(report.reference)} of {rows} (allowed {_percent(report.bound)}); {evidence}"
    )


def _evidence(evidence: Evidence) -> str:
    return f"evidence {_number(evidence.value)} >= {_number(evidence.alarm_at)} on {evidence.rows:,} rows"


def _allowed(column: str, fitted: Fitted) -> float:
    least = fitted.asked.settings.inputs_effect
    return max([least, *(one.blocks for one in fitted.watch.reference.columns if one.name == column)])


def _of_feature(name: Name, profile: Profile | None) -> str:
    known: list[NumberProfile | CategoryProfile] = (
        [*profile.numbers, *profile.categories] if profile is not None else []
    )
    found: NumberProfile | CategoryProfile | None = next((one for one in known if one.name == name.column), None)
    by = f"{name.direction} by {_share(name.effect)}"
    if isinstance(found, CategoryProfile):
        return f"the share of {_category(found, name.mark)} in {name.column} went {by}"
    at = f" at {found.edges[name.mark]:g}" if isinstance(found, NumberProfile) and name.mark < len(found.edges) else ""
    return f"{name.column} moved {by}{at}"


def _category(profile: CategoryProfile, mark: int) -> str:
    return repr(profile.categories[mark]) if mark < len(profile.categories) else "rare categories"


def _share(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if value >= 0.0005 else "0"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _number(value: float) -> str:
    return f"{value:.0f}" if value < 1e6 else f"{value:.1e}"
