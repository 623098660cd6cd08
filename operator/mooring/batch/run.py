"""One run: from an order to a finished folder of answers."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mooring.artifact.errors import ArtifactError, ArtifactMismatch, StoreRefused, StoreUnavailable
from mooring.artifact.folder import download, read_manifest
from mooring.artifact.location import parse_uri
from mooring.artifact.manifest import SAMPLE
from mooring.artifact.store import Entry, Store
from mooring.batch.order import BatchOrder, Credentials
from mooring.batch.parts import Folder, Part, Summary, part_of, profile, total
from mooring.batch.scorer import LINE, Counts, Scorer
from mooring.batch.sink import PartWriter, answers_of, check_kept
from mooring.batch.source import Inputs, Wanted, find, on_disk, opened
from mooring.ledger.interval import Stream
from mooring.serving.errors import CannotServe
from mooring.serving.load import Loaded, load, load_ordered
from mooring.training.failure import RunFailed, user_error
from mooring.training.journal import Journal

PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Batch:
    """An order with what opens the stores, and where it tells people what happens."""

    order: BatchOrder
    credentials: Credentials = field(default_factory=Credentials)
    journal: Journal = field(default_factory=Journal)
    clock: Callable[[], float] = time.time


@dataclass(frozen=True)
class _Model:
    name: str
    loaded: Loaded
    digest: str
    version: str


def execute(batch: Batch) -> Summary:
    """Carry out an order and return what it came to; an order that was finished before does nothing.

    Raises RunFailed: User and Data for what a person must correct, Infrastructure where another try may help.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mooring-") as scratch:
            return _execute(batch, Path(scratch))
    except StoreRefused as error:
        raise user_error("StoreRefused", str(error)) from None
    except StoreUnavailable as error:
        raise RunFailed("Infrastructure", "StoreUnavailable", str(error)) from None
    except ArtifactError as error:
        raise user_error("ModelUnusable", str(error)) from None
    except CannotServe as error:
        raise RunFailed("Infrastructure" if error.retry else "User", error.reason, error.message) from None


def _execute(batch: Batch, scratch: Path) -> Summary:
    order, journal, started = batch.order, batch.journal, batch.clock()
    _check_apart(order)
    model = _model(batch, scratch)
    answers = answers_of(model.loaded.manifest, probabilities=order.probabilities)
    check_kept(order.keep, answers, null=order.on_bad_row == "null")
    output = Folder(Store(order.output.rstrip("/") + "/", batch.credentials.output), scratch)
    fingerprint = order.fingerprint(model.digest, model.version)
    if found := output.finished(fingerprint):
        journal.say(f"nothing to do: this order was finished at {found.finished_at}")
        return found
    inputs = find(order.input, order.form, batch.credentials.input)
    scorer = Scorer(model.loaded, order.on_bad_row)
    journal.say(f"{len(inputs.entries)} {inputs.form} file(s) at {order.input}")
    parts: list[Part] = []
    resumed = 0
    for index, entry in enumerate(inputs.entries):
        before = output.part(index)
        if before is not None and before.is_of(fingerprint, entry):
            resumed += 1
            parts.append(before)
            journal.say(f"{entry.path}: {before.rows} rows were scored before")
            continue
        file = scratch / "part.parquet"
        counts = _score(batch, model, scorer, inputs, entry, file)
        parts.append(part_of(fingerprint, entry, counts))
        output.put(index, file, parts[-1])
        journal.say(f"{entry.path}: {counts.rows} rows, {counts.predicted} answered, part-{index:05}.parquet written")
    summary = _summary(batch, model, fingerprint, parts, resumed, started)
    stream = Stream(model.name, model.version, "batch", fingerprint)
    counted = profile(parts, scorer.layout, stream, started, batch.clock())
    output.finish(json.dumps(counted), summary)
    return summary


def _check_apart(order: BatchOrder) -> None:
    """Raise RunFailed (User) where the answers would lie among the rows: another run would read them."""
    source, target = parse_uri(order.input), parse_uri(order.output)
    inside = target.key == source.key or target.key.startswith(source.key + "/")
    if (source.scheme, source.bucket) == (target.scheme, target.bucket) and inside:
        raise user_error("OutputInInput", f"{order.output} lies in {order.input}; name a folder outside of it")


def _model(batch: Batch, scratch: Path) -> _Model:
    order, folder = batch.order, scratch / "model"
    brought = order.serve is not None and order.serve.artifact.format != "Skops"
    uri = order.model if brought else order.model.rstrip("/") + "/"
    leave = () if brought else (SAMPLE,)
    stored = download(Store(uri, batch.credentials.model), folder, ours=not brought, leave=leave)
    if order.digest not in (None, stored.digest):
        raise ArtifactMismatch(f"the files of {order.model} have digest {stored.digest}, expected was {order.digest}")
    if order.serve is not None:
        name, loaded = order.serve.model, load_ordered(order.serve, folder)
    else:
        manifest = read_manifest(folder)
        name, loaded = manifest.model, load(manifest, folder)
    version = order.version or f"{name}@{stored.digest.removeprefix('sha256:')[:12]}"
    compared = "as expected" if order.digest else "compared with nothing: no --digest was given"
    batch.journal.say(f"{version} of {name}, backend {loaded.kind}; digest {stored.digest}, {compared}")
    return _Model(name, loaded, stored.digest, version)


def _score(batch: Batch, model: _Model, scorer: Scorer, inputs: Inputs, entry: Entry, file: Path) -> Counts:
    order, manifest = batch.order, model.loaded.manifest
    names = [feature.name for feature in manifest.features]
    texts = frozenset(feature.name for feature in manifest.features if feature.datatype == "BYTES")
    answers = answers_of(manifest, probabilities=order.probabilities)
    counts = scorer.counts()

    def skipped() -> None:
        counts.rows += 1
        counts.refused[LINE] += 1

    wanted = Wanted(names, texts, order.keep)
    skip, null = (skipped if order.on_bad_row == "skip" else None), order.on_bad_row == "null"
    tell = _progress(batch, entry.path, counts)
    with on_disk(inputs, entry, file.parent) as local:
        schema, batches = opened(local, entry.path, inputs.form, wanted, skip)
        with PartWriter(file, schema, order.keep, answers, model.version, null=null) as part:
            for rows in batches:
                part.write(rows, scorer.score(rows, counts, file=entry.path, parse=inputs.form == "CSV"))
                tell()
    return counts


def _progress(batch: Batch, file: str, counts: Counts) -> Callable[[], None]:
    """Return what says, every few seconds, how far a file is."""
    began = told = batch.clock()

    def tell() -> None:
        nonlocal told
        now = batch.clock()
        if now - told < PROGRESS_SECONDS:
            return
        told = now
        refused = counts.rows - counts.predicted
        rate = counts.rows / (now - began)
        batch.journal.say(f"{file}: {counts.rows} rows so far, {rate:.0f} a second, {refused} refused")

    return tell


def _summary(batch: Batch, model: _Model, fingerprint: str, parts: list[Part], resumed: int, started: float) -> Summary:
    order, now = batch.order, batch.clock()
    return Summary(
        order=fingerprint,
        model=model.name,
        version=model.version,
        digest=model.digest,
        backend=model.loaded.kind,
        input=order.input,
        output=order.output,
        files=len(parts),
        resumed=resumed,
        rows=sum(part.rows for part in parts),
        predicted=sum(part.predicted for part in parts),
        refused=total(parts),
        on_bad_row=order.on_bad_row,
        seconds=round(now - started, 3),
        started_at=_stamp(started),
        finished_at=_stamp(now),
    )


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
