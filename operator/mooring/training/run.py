"""One run: from an order to a finished artifact and a report."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from threadpoolctl import threadpool_limits

from mooring.api.estimators import ParametersRefused, Value, task_mismatch, validate_parameters
from mooring.api.trainingjob import Task
from mooring.api.wire import TrainOrder, TrainReport
from mooring.artifact.errors import ArtifactError, StoreRefused, StoreUnavailable
from mooring.artifact.folder import Stored, upload
from mooring.artifact.manifest import Manifest, TrainedData
from mooring.artifact.predict import Answers, ask
from mooring.artifact.store import Store
from mooring.training.compile import compile_into
from mooring.training.earlier import finished_before
from mooring.training.evaluate import evaluate
from mooring.training.failure import RunFailed, user_error
from mooring.training.fit import fit, out_of_memory, processors
from mooring.training.gate import judge
from mooring.training.journal import Journal
from mooring.training.load import Loaded, load
from mooring.training.package import describe, write_folder
from mooring.training.pipeline import build
from mooring.training.prepare import Prepared, prepare
from mooring.training.report import trained
from mooring.training.sampled import sample_of
from mooring.training.segments import segment_metrics
from mooring.training.slices import sliced_by, told


@dataclass(frozen=True)
class Run:
    """An order, the credentials of its two stores, and where it tells people what happens."""

    order: TrainOrder
    data_credentials: Mapping[str, str]
    artifact_credentials: Mapping[str, str]
    journal: Journal = field(default_factory=Journal)

    @property
    def artifact_uri(self) -> str:
        """Where the artifact goes: a function of the run's id, so that a retried pod finds what is finished."""
        output = self.order.spec.output
        if output is None:
            raise user_error("OutputMissing", "spec.output is missing, and the operator has no default store")
        return f"{output.uri.rstrip('/')}/{self.order.model}/{self.order.run}-{self.order.run_id}"


def execute(run: Run) -> TrainReport:
    """Carry out a run and return its report: Trained (whatever the verdict) or Unchanged.

    BLAS and OpenMP get one thread: with more, sums are added up in an order that changes from run to run.
    Raises RunFailed.
    """
    try:
        with threadpool_limits(limits=1):
            return _execute(run)
    except StoreRefused as error:
        raise user_error("ArtifactStoreRefused", str(error)) from None
    except StoreUnavailable as error:
        raise RunFailed("Infrastructure", "ArtifactStoreUnavailable", str(error)) from None
    except ArtifactError as error:
        raise RunFailed("Infrastructure", "ModelNotReproduced", str(error)) from None
    except MemoryError:
        raise out_of_memory() from None


def _execute(run: Run) -> TrainReport:
    order, journal = run.order, run.journal
    parameters = check_recipe(order)
    store = Store(run.artifact_uri + "/", run.artifact_credentials)
    if found := finished_before(store, order):
        journal.say(f"this run finished before: {store.location} is complete and is reported again")
        return _report(run, *found)
    loaded = _load(run)
    if order.unchanged is not None and order.unchanged.data_digest == loaded.digest:
        journal.say(f"nothing to do: {order.unchanged.version} came of the same recipe, image and data")
        return _unchanged(run, loaded)
    prepared = _prepare(run, loaded)
    record = _record(order, prepared, loaded)
    del loaded  # the rows now live in `prepared`
    _check_task(order, prepared.target.task)
    with tempfile.TemporaryDirectory(prefix="mooring-") as folder:
        manifest = _make(run, prepared, record, parameters, Path(folder))
        with journal.step("upload"):
            stored = upload(Path(folder), store)
        journal.say(f"artifact of {stored.bytes} bytes at {store.location}, {stored.digest}")
    return _report(run, manifest, stored)


def check_recipe(order: TrainOrder) -> dict[str, Value]:
    """Return the estimator's parameters, typed; raise RunFailed (User) with all that is wrong with them."""
    sklearn = order.spec.trainer.sklearn
    if order.spec.data.task is not None:
        _check_task(order, order.spec.data.task)
    try:
        return validate_parameters(sklearn.estimator, sklearn.parameters)
    except ParametersRefused as error:
        raise user_error("InvalidParameters", str(error)) from None


def _check_task(order: TrainOrder, task: Task) -> None:
    if mismatch := task_mismatch(order.spec.trainer.sklearn.estimator, task):
        inferred = "" if order.spec.data.task else f" (the task that the target {order.spec.data.target!r} suggests)"
        raise user_error("TaskMismatch", mismatch + inferred)


def _load(run: Run) -> Loaded:
    source = run.order.spec.data
    with run.journal.step("load"):
        loaded = load(source.uri, source.format, run.data_credentials)
    table = loaded.table
    run.journal.say(
        f"loaded {table.num_rows} rows of {table.num_columns} columns from {loaded.files} file(s), "
        f"{loaded.bytes} bytes, {loaded.digest}"
    )
    return loaded


def _prepare(run: Run, loaded: Loaded) -> Prepared:
    order = run.order
    with run.journal.step("prepare"):
        prepared = prepare(loaded.table, order.spec.data, order.model, order.split_columns)
        slices = sliced_by(order.spec.evaluation.slices, order.spec.data, prepared.frame, prepared.holdout)
        prepared = replace(prepared, slices=slices)
    held = int(prepared.holdout.sum())
    if prepared.dropped:
        run.journal.say(f"{prepared.dropped} rows without a target are left out")
    run.journal.say(
        f"{prepared.target.task} of {order.spec.data.target} by {len(prepared.features)} features: "
        f"{len(prepared.frame) - held} rows to train on, {held} held out"
    )
    for line in chain.from_iterable(map(told, prepared.slices)):
        run.journal.say(line)
    return prepared


def _make(run: Run, prepared: Prepared, record: TrainedData, parameters: dict[str, Value], folder: Path) -> Manifest:
    """Fit, evaluate, judge and package; return the manifest."""
    order, journal = run.order, run.journal
    estimator, seed = order.spec.trainer.sklearn.estimator, order.spec.run.seed
    pipeline = build(estimator, parameters, prepared.features, seed=seed, jobs=processors())
    with journal.step("fit"):
        kept = ~prepared.holdout
        pipeline, warned = fit(pipeline, prepared.frame[kept], prepared.target.values[kept])
    journal.say(f"fitted {estimator} in {journal.seconds['fit']:.2f} s")
    for warning in warned:
        journal.say(f"scikit-learn warns: {warning}")
    with journal.step("evaluate"):
        answers = ask(pipeline, prepared.target.task, prepared.frame[prepared.holdout])
        manifest = _judged(run, prepared, record, answers)
    with journal.step("compile"):
        compiled = compile_into(folder, pipeline, prepared, manifest.task, seed)
    journal.say(compiled.said)
    manifest = manifest.model_copy(update={"compiled": compiled.record})
    with journal.step("package"):
        sample = sample_of(prepared.frame, order.spec.evaluation.sample_rows, seed)
        digest = write_folder(folder, pipeline, prepared, answers, manifest, sample)
    journal.say(f"the saved model answers as the fitted one did; golden answers {digest}")
    if len(sample):
        journal.say(f"{len(sample)} rows of the data, without the target, are kept beside the model")
    return manifest


def _judged(run: Run, prepared: Prepared, record: TrainedData, answers: Answers) -> Manifest:
    order = run.order
    primary = order.spec.evaluation.primary_metric
    metrics = evaluate(prepared.target, prepared.holdout, answers, seed=order.spec.run.seed, primary=primary)
    for metric in metrics:
        run.journal.say(f"{metric.name:18} {metric.value:>10}   95% {metric.low or '?'} to {metric.high or '?'}")
    segments = segment_metrics(prepared, answers, seed=order.spec.run.seed, primary=primary)
    for segment in segments:
        first = segment.metrics[0]
        interval = f"95% {first.low or '?'} to {first.high or '?'} on {segment.rows} rows"
        run.journal.say(f"{first.name:18} {first.value:>10}   {interval} with {segment.name}")
    gate = judge(order.spec.evaluation.gates, metrics, record.holdout_rows)
    run.journal.say(f"verdict {gate.verdict}: {gate.message}")
    return describe(order, prepared, record, metrics, segments, gate, datetime.now(UTC))


def _record(order: TrainOrder, prepared: Prepared, loaded: Loaded) -> TrainedData:
    held = int(prepared.holdout.sum())
    return TrainedData(
        uri=order.spec.data.uri,
        digest=loaded.digest,
        listing=loaded.listing,
        rows=loaded.table.num_rows,
        train_rows=len(prepared.frame) - held,
        holdout_rows=held,
        split_columns=prepared.split_columns,
        sample_rows=min(order.spec.evaluation.sample_rows, len(prepared.frame)) or None,
    )


def _unchanged(run: Run, loaded: Loaded) -> TrainReport:
    data = TrainedData(
        uri=run.order.spec.data.uri,
        digest=loaded.digest,
        listing=loaded.listing,
        rows=loaded.table.num_rows,
        train_rows=0,
        holdout_rows=0,
    )
    return TrainReport(outcome="Unchanged", data=data, seconds=run.journal.seconds)


def _report(run: Run, manifest: Manifest, stored: Stored) -> TrainReport:
    output = run.order.spec.output
    secret_name = output.secret_name if output else None
    return trained(manifest, stored, run.artifact_uri, secret_name, run.journal.seconds)
