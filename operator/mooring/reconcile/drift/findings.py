"""What an interval says that closed a window or settled truths: findings, and alarms in plain words."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mooring.reconcile.drift.reference import Fitted
from mooring.reconcile.drift.sentences import foretold, harmed, moved, shifted
from mooring.reconcile.drift.watch import Findings
from mooring.reconcile.driftseen import Test
from mooring.stats.drift import Evidence, Folded, WindowReport

Sentences = tuple[tuple[Test, str], ...]


@dataclass(frozen=True)
class Concluded:
    """The findings after an interval, and the alarms that it gave."""

    findings: Findings
    alarms: Sentences = ()


def concluded(findings: Findings, folded: Folded, fitted: Fitted, end: int) -> Concluded:
    """Return what is found of all rows, or of a segment, by its tests; `end` of the interval in milliseconds."""
    alarms: Sentences = ()
    if folded.harm is not None:
        findings = replace(findings, harm=folded.harm, harm_at=end, settled=findings.settled + 1)
        alarms = (("harm", harmed(folded.harm, fitted)),) if folded.harm.state == "Alarm" else ()
    if folded.window is None:
        return Concluded(findings, alarms)
    of_window = _of_window(folded.window, fitted)
    shown = any(test != "estimated" for test, _ in of_window)
    beyond = shown or (findings.streak > 0 and any(folded.window.beyond))
    findings = replace(findings, window=folded.window, streak=findings.streak + 1 if beyond else 0)
    return Concluded(findings, (*alarms, *of_window))


def _of_window(report: WindowReport, fitted: Fitted) -> Sentences:
    found: list[tuple[Test, Evidence, str]] = [
        ("inputs", report.inputs, moved(report, fitted)),
        ("predictions", report.predictions, shifted(report, fitted)),
        ("estimated", report.estimated, foretold(report, fitted)),
    ]
    return tuple((test, sentence) for test, evidence, sentence in found if evidence.state == "Alarm")
