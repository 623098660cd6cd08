"""The gates: from metrics to a verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from mooring.api.modelversion import Check, GateRecord, MetricValue
from mooring.api.trainingjob import Gate, Verdict

ROWS_NEEDED = 100
"""Fewer held out rows say nothing, for or against."""

NO_GATES = "no gates: nothing was asked of the model, so it is served only when pinned by name"


def judge(gates: Sequence[Gate], metrics: Iterable[MetricValue], holdout_rows: int) -> GateRecord:
    """Return the verdict: Rejected if any gate was shown to fail, else Unknown if any cannot be told, else Passed.

    The recorded number is the one compared, exactly, so that anyone can repeat the comparison from the record.
    """
    if not gates:
        return GateRecord(verdict="Unknown", message=NO_GATES)
    values: dict[str, MetricValue] = {metric.name: metric for metric in metrics}
    checks = [_check(gate, values, holdout_rows) for gate in gates]
    for verdict in ("Rejected", "Unknown"):
        reasons = [f"{check.metric}: {check.reason}" for check in checks if check.result == verdict]
        if reasons:
            return GateRecord(verdict=verdict, message="; ".join(reasons)[:1000], checks=checks)
    held = "the gate holds" if len(checks) == 1 else f"all {len(checks)} gates hold"
    first = checks[0]
    return GateRecord(
        verdict="Passed", message=f"{held}: {first.metric} {first.value} {first.rule}"[:1000], checks=checks
    )


def _check(gate: Gate, values: Mapping[str, MetricValue], holdout_rows: int) -> Check:
    metric = values.get(gate.metric)
    value = metric.value if metric else None
    result, reason = _result(gate, value, holdout_rows)
    return Check(metric=gate.metric, rule=_rule(gate), value=value, result=result, reason=reason)


def _result(gate: Gate, value: str | None, holdout_rows: int) -> tuple[Verdict, str | None]:
    if value is None:
        return "Unknown", "this task has no such metric; gate another one"
    if not Decimal(value).is_finite():
        return "Unknown", "the held out rows do not define it"
    if holdout_rows < ROWS_NEEDED:
        return "Unknown", f"{holdout_rows} held out rows are too few to tell, {ROWS_NEEDED} are needed"
    if gate.min is not None and Decimal(value) < Decimal(gate.min):
        return "Rejected", f"{value} is below {gate.min}"
    if gate.max is not None and Decimal(value) > Decimal(gate.max):
        return "Rejected", f"{value} is above {gate.max}"
    if gate.min is None and gate.max is None:
        return "Unknown", "the gate has no bound"
    return "Passed", None


def _rule(gate: Gate) -> str:
    bounds = [f">= {gate.min}" if gate.min is not None else "", f"<= {gate.max}" if gate.max is not None else ""]
    return " and ".join(bound for bound in bounds if bound) or "no bound"
