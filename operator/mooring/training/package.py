"""The artifact's folder on this machine: written, loaded back and asked before anyone else sees it."""

from __future__ import annotations

import platform
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from mooring.api.modelversion import GateRecord, MetricValue
from mooring.api.wire import TrainOrder
from mooring.artifact.folder import file_entry
from mooring.artifact.manifest import (
    CARD,
    GOLDEN,
    MANIFEST,
    MODEL,
    PROFILE,
    SAMPLE,
    Manifest,
    SegmentMetrics,
    TrainedData,
)
from mooring.artifact.model import load_model, save_model
from mooring.artifact.predict import Answers, ask, outputs_of
from mooring.artifact.sample import write_sample
from mooring.training.card import card
from mooring.training.golden import answers_digest, choose_rows, make_golden, verify_golden
from mooring.training.prepare import Prepared
from mooring.training.profile import profile
from mooring.training.segments import with_segments

LIBRARIES = ("scikit-learn", "skops", "numpy", "scipy", "pandas", "pyarrow")


def describe(
    order: TrainOrder,
    prepared: Prepared,
    data: TrainedData,
    metrics: list[MetricValue],
    segments: list[SegmentMetrics],
    gate: GateRecord,
    now: datetime,
) -> Manifest:
    """Return the manifest, still without files."""
    target, sklearn = prepared.target, order.spec.trainer.sklearn
    classes = target.classes
    return Manifest(
        model=order.model,
        namespace=order.namespace,
        training_job=order.name,
        run=order.run,
        run_id=order.run_id,
        recipe_hash=order.recipe_hash,
        image=order.image,
        seed=order.spec.run.seed,
        task=target.task,
        target=order.spec.data.target,
        estimator=sklearn.estimator,
        parameters=list(sklearn.parameters),
        features=prepared.features,
        outputs=outputs_of(target.task, target.datatype, len(classes or ())),
        classes=classes,
        positive_class=classes[target.positive] if classes and target.positive is not None else None,
        metrics=metrics,
        segments=segments,
        data=data,
        gate=gate,
        libraries={"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        files=[],
        created_at=now.isoformat(timespec="seconds"),
    )


def write_folder(
    folder: Path, pipeline: Any, prepared: Prepared, answers: Answers, manifest: Manifest, sample: pd.DataFrame
) -> str:
    """Write the artifact's files into `folder`, beside those of the compiled form; return the golden answers' digest.

    `answers` are those to the held out rows, `sample` the rows of the data that are kept.
    Raises RunFailed where the saved model answers otherwise.
    """
    target, features = prepared.target, prepared.features
    held = prepared.frame[prepared.holdout]
    chosen = held.iloc[choose_rows(held, answers)]
    golden = make_golden(features, chosen, ask(pipeline, target.task, chosen), target.classes)
    whole = profile(features, prepared.frame, target, prepared.holdout, answers, prepared.blocks)
    reference = with_segments(whole, prepared, answers)
    save_model(pipeline, folder / MODEL)
    verify_golden(load_model(folder / MODEL), features, golden, target)
    (folder / PROFILE).write_text(reference.model_dump_json(by_alias=True, exclude_none=True))
    (folder / GOLDEN).write_text(golden.model_dump_json(by_alias=True))
    (folder / CARD).write_text(card(manifest))
    if len(sample):
        write_sample(folder / SAMPLE, features, sample)
    files = [file_entry(file) for file in sorted(folder.iterdir())]
    finished = manifest.model_copy(update={"files": files})
    (folder / MANIFEST).write_text(finished.model_dump_json(by_alias=True, indent=1))
    return answers_digest(golden)
