"""One look: from an order to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from mooring.api.wire import ClassifyOrder, ClassifyReport, Telling
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing, StoreRefused, StoreUnavailable
from mooring.artifact.manifest import Feature
from mooring.artifact.sample import fetch_sample, schema_of
from mooring.batch.classify.captured import Drawn, Row, draw
from mooring.batch.classify.telling import LEAST_ROWS, Told, tell_apart
from mooring.training.failure import RunFailed, data_error, failure, user_error
from mooring.training.journal import Journal


@dataclass(frozen=True)
class Look:
    """An order with what opens its two stores, and where it tells people what happens."""

    order: ClassifyOrder
    artifact_credentials: Mapping[str, str] = field(default_factory=dict)
    capture_credentials: Mapping[str, str] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)


def execute(look: Look) -> ClassifyReport:
    """Carry out an order and return what came of it, failures included."""
    try:
        return _execute(look)
    except RunFailed as error:
        return ClassifyReport(failure=error.failure)
    except ArtifactMissing as error:
        todo = "set evaluation.sampleRows in the TrainingJob, and run it again"
        return ClassifyReport(failure=failure("User", "NoSample", f"{error}: {todo}"))
    except (StoreRefused, ArtifactMismatch) as error:
        return ClassifyReport(failure=failure("User", type(error).__name__, str(error)))
    except StoreUnavailable as error:
        return ClassifyReport(failure=failure("Infrastructure", "StoreUnavailable", str(error)))


def _execute(look: Look) -> ClassifyReport:
    order, journal = look.order, look.journal
    with journal.step("sample"):
        manifest, reference = fetch_sample(order.artifact, look.artifact_credentials)
    features = [feature for feature in manifest.features if feature.name not in order.exclude]
    if not features:
        raise user_error("NoFeatures", "features.exclude of the DriftPolicy leaves no feature to compare")
    with journal.step("captured"):
        names = [feature.name for feature in manifest.features]
        drawn = draw(order, names, look.capture_credentials, journal)
    journal.say(f"{len(drawn.rows)} of {drawn.seen} captured rows, {reference.num_rows} of the training data")
    if (few := _too_few(order, drawn, reference.num_rows)) is not None:
        return ClassifyReport(rows=drawn.seen, reference=reference.num_rows, failure=few.failure)
    with journal.step("tell apart"):
        told = tell_apart(_table(drawn.rows, manifest.features), reference, features, order.seed)
    return _report(told, drawn, reference.num_rows)


def _too_few(order: ClassifyOrder, drawn: Drawn, reference: int) -> RunFailed | None:
    if reference < LEAST_ROWS:
        message = f"too few: {reference} rows of the training data are kept beside {order.version}, and"
        todo = f"at least {LEAST_ROWS} are needed: raise evaluation.sampleRows in the TrainingJob, and run it again"
        return data_error("TooFewRows", f"{message} {todo}")
    if drawn.seen < LEAST_ROWS:
        since = datetime.fromtimestamp(order.since / 1000, UTC)
        message = f"too few: {drawn.seen} rows of {order.version} were captured since {since:%Y-%m-%d %H:%M} UTC, and"
        todo = f"at least {LEAST_ROWS} are needed; the next look counts them too, or raise capture.perMille"
        return data_error("TooFewRows", f"{message} {todo}")
    return None


def _table(rows: Sequence[Row], features: Sequence[Feature]) -> pa.Table:
    """Return rows with the model's types. What went wrong is told without the value that it went wrong with."""
    schema, columns = schema_of(features), []
    for at, wanted in enumerate(schema):
        try:
            columns.append(pa.array([row[at] for row in rows], wanted.type))
        except (pa.ArrowException, TypeError, OverflowError):
            message = f"captured values of {wanted.name!r} are not all {features[at].datatype}: does anyone else write"
            raise data_error("RowsUnreadable", f"{message} to the folder of captured rows?") from None
    return pa.Table.from_arrays(columns, schema=schema)


def _report(told: Told, drawn: Drawn, reference: int) -> ClassifyReport:
    return ClassifyReport(
        rows=len(drawn.rows),
        reference=reference,
        auc=round(told.auc.value, 6),
        low=round(told.auc.low or 0.0, 6),
        high=round(1.0 if told.auc.high is None else told.auc.high, 6),
        top=[Telling(feature=name, loss=round(loss, 6)) for name, loss in told.top],
        until=drawn.until,
    )
