"""What is judged of a canary, and how sure the judge must be."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from mooring.api.base import Decimal, Model, rules


def _between(field: str, low: str, high: str) -> tuple[str, str]:
    """Return the rule that a decimal lies strictly between two others."""
    rule = f"!has(self.{field}) || (double(self.{field}) > {low} && double(self.{field}) < {high})"
    return rule, f"{field} must be above {low} and below {high}"


def _odds(field: str = "tolerance") -> tuple[str, str]:
    rule = f"!has(self.{field}) || (double(self.{field}) > 1.0 && double(self.{field}) <= 10.0)"
    return rule, f'{field} is an odds ratio above 1 and at most 10, for example "1.5": still no worse'


class Errors(Model):
    """Failed requests."""

    model_config = ConfigDict(json_schema_extra=rules(_odds(), _between("floor", "0.0", "0.5")))

    tolerance: Decimal = "1.5"
    """The canary's odds of failing over the stable's that are still no worse."""
    floor: Decimal = "0.01"
    """Shown to fail less often than this is no worse, whatever the stable's rate is. Abort is by the odds alone."""


class Latency(Model):
    """Slow requests."""

    model_config = ConfigDict(json_schema_extra=rules(_odds(), _between("floor", "0.0", "0.5")))

    threshold_milliseconds: Annotated[int, Field(ge=1, le=600000)]
    """Slower is slow."""
    tolerance: Decimal = "1.5"
    """The canary's odds of being slow over the stable's that are still no worse."""
    floor: Decimal = "0.01"
    """Shown to be slow less often than this is no worse, whatever the stable's share is. Abort is by the odds alone."""


class Disagreement(Model):
    """Different answers to the same request, in shadow."""

    model_config = ConfigDict(json_schema_extra=rules(_between("max", "0.0", "1.0")))

    max: Decimal = "0.10"
    """The share of requests that may be answered differently."""


class Quality(Model):
    """Wrong answers, where ground truth arrives."""

    model_config = ConfigDict(json_schema_extra=rules(_between("tolerance", "0.0", "1.0")))

    tolerance: Decimal = "0.01"
    """The canary may be wrong more often by this share."""


class Catastrophe(Model):
    """What is so bad that no statistics are needed."""

    model_config = ConfigDict(json_schema_extra=rules(_between("errorRate", "0.0", "1.01")))

    consecutive_failures: Annotated[int, Field(ge=2, le=1000)] = 5
    """So many failures of the canary in a row, while the stable version is healthy; or ends of its pods, and none of \
the stable's."""
    error_rate: Decimal = "0.5"
    """Or this share of failures, while the stable version is healthy."""


class Analysis(Model):
    """What is judged, and how sure the judge must be."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            _between("maxFalsePromote", "0.0", "0.5"),
            _between("maxFalseAbort", "0.0", "0.5"),
        )
    )

    max_false_promote: Decimal = "0.05"
    """The chance that a version worse than the tolerance is shown as no worse."""
    max_false_abort: Decimal = "0.05"
    """The chance that a version as good as the stable one is aborted, over the whole rollout."""
    errors: Errors = Field(default_factory=Errors)
    """Failed requests."""
    latency: Latency | None = None
    """Slow requests. Absent: not judged."""
    disagreement: Disagreement = Field(default_factory=Disagreement)
    """Different answers, in shadow steps."""
    quality: Quality | None = None
    """Wrong answers. Absent: not judged."""
    catastrophe: Catastrophe = Field(default_factory=Catastrophe)
    """What is so bad that it is aborted at once."""
