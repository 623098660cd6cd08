"""What a run reports, cut to what Kubernetes keeps."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.api.modelversion import Artifact, InputTensor, Signature
from mooring.api.trainingjob import Failure
from mooring.api.wire import TrainReport
from mooring.artifact.folder import Stored
from mooring.artifact.manifest import Feature, Manifest
from mooring.training.failure import failure

INPUT_LIMIT = 64


def trained(
    manifest: Manifest, stored: Stored, uri: str, secret_name: str | None, seconds: dict[str, float]
) -> TrainReport:
    """Return the report of a finished artifact at `uri`, which from a shell may be a path."""
    artifact = Artifact.model_construct(
        uri=uri,
        digest=stored.digest,
        bytes=stored.bytes,
        format="Skops",
        also_as=[manifest.compiled.format] if manifest.compiled else [],
        secret_name=secret_name,
    )
    signature = Signature(
        inputs=[_input(feature) for feature in manifest.features[:INPUT_LIMIT]],
        inputs_total=len(manifest.features),
        outputs=manifest.outputs,
        task=manifest.task,
    )
    return TrainReport(
        outcome="Trained",
        artifact=artifact,
        signature=signature,
        metrics=manifest.metrics,
        data=manifest.data,
        gate=manifest.gate,
        seconds=seconds,
    )


def failed(what: Failure, seconds: dict[str, float]) -> TrainReport:
    """Return the report of a run that ended without an artifact."""
    return TrainReport(outcome="Failed", failure=what, seconds=seconds)


def encode(report: TrainReport) -> str:
    """Return the report as a termination message; what people can read elsewhere is left out until it fits.

    In this order: inputs beyond 32, 16, 8, none (the manifest has them all), how long steps took, the gates' reasons,
    long messages, intervals. What a record must hold (digests, rows, split columns, values, verdicts) never is.
    """
    for smaller in _smaller(report):
        try:
            return smaller.encode()
        except ValueError:
            continue
    too_large = failure("User", "ReportTooLarge", "the run's record exceeds 4 KiB; shorten URIs and column names")
    return failed(too_large, {}).encode()


def _smaller(report: TrainReport) -> Iterator[TrainReport]:
    yield report
    if report.signature is not None:
        for count in (32, 16, 8, 0):
            signature = report.signature.model_copy(update={"inputs": report.signature.inputs[:count]})
            report = report.model_copy(update={"signature": signature})
            yield report
    report = report.model_copy(update={"seconds": {}})
    yield report
    if report.gate is not None:
        checks = [check.model_copy(update={"reason": None}) for check in report.gate.checks]
        gate = report.gate.model_copy(update={"checks": checks, "message": report.gate.message[:200]})
        report = report.model_copy(update={"gate": gate})
        yield report
    metrics = [metric.model_copy(update={"low": None, "high": None}) for metric in report.metrics]
    yield report.model_copy(update={"metrics": metrics})


def _input(feature: Feature) -> InputTensor:
    categories = None if feature.categories is None else len(feature.categories)
    return InputTensor(name=feature.name, datatype=feature.datatype, categories=categories)
