"""A loaded version, wired: the serving port's listener with everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from mooring.api.wire import ServeOrder
from mooring.serving.backends.published import backend_metrics, parameters
from mooring.serving.batch import Batcher
from mooring.serving.docs import add_docs
from mooring.serving.errors import Rejected
from mooring.serving.http import Handler, Heads, Limits, Listener, Request
from mooring.serving.journal import Journal
from mooring.serving.keys import Keys, guarded
from mooring.serving.load import Loaded
from mooring.serving.metrics import Counters, Metric, model_metrics
from mooring.serving.mlflow.csv import CsvDecoder
from mooring.serving.mlflow.decode import InvocationDecoder
from mooring.serving.mlflow.routes import add_mlflow
from mooring.serving.openapi import document
from mooring.serving.predictions import PredictionsEncoder
from mooring.serving.rows import RowReader
from mooring.serving.v1.decode import V1Decoder
from mooring.serving.v1.routes import add_v1
from mooring.serving.v2.decode import Decoder
from mooring.serving.v2.encode import Encoder
from mooring.serving.v2.infer import InferEndpoint, Reads, Writes
from mooring.serving.v2.routes import v2_routes

QUEUED_REQUESTS = 8
"""So many requests of the largest size may wait for the model before more are turned away."""


@dataclass(frozen=True)
class App:
    """What serves one version."""

    listener: Listener
    metrics: Callable[[], list[Metric]]
    journal: Journal
    endpoint: Callable[[Reads, Writes], Handler]
    """Makes the handler of predictions for one more protocol."""


def build(order: ServeOrder, loaded: Loaded, is_ready: Callable[[], bool], keys: Keys | None = None) -> App:
    """Wire a loaded version, whose predictions want one of `keys` if there are any; nothing listens yet."""
    model, version, server, manifest = order.model, order.version, order.server, loaded.manifest
    counters = Counters()
    heads = Heads({"mooring-version": version})
    batcher = Batcher(
        loaded.backend,
        loaded.cost,
        counters,
        max_queued_rows=QUEUED_REQUESTS * server.max_batch_rows,
    )

    journal = Journal.of(order, loaded, heads)

    def endpoint(decoder: Reads, encoder: Writes) -> Handler:
        return guarded(InferEndpoint(decoder, batcher, encoder, heads, journal.recorder), keys)

    infer = endpoint(Decoder(manifest, server.max_batch_rows), Encoder(model, version, manifest.outputs, heads))
    routes = v2_routes(
        model=model,
        version=version,
        manifest=manifest,
        parameters=parameters(loaded.kind, manifest),
        infer=infer,
        heads=heads,
        is_ready=is_ready,
    )
    routes.add(journal.feedback.path, {"POST": guarded(journal.feedback if order.feedback else _no_feedback, keys)})
    rows, predictions = RowReader(manifest, server.max_batch_rows), PredictionsEncoder(heads)
    add_v1(routes, model=model, predict=endpoint(V1Decoder(rows), predictions), heads=heads, is_ready=is_ready)
    add_mlflow(
        routes,
        invocations=endpoint(InvocationDecoder(rows), predictions),
        csv_invocations=endpoint(CsvDecoder(rows, manifest), predictions),
        heads=heads,
        is_ready=is_ready,
    )
    api = document(
        model=model, version=version, manifest=manifest, keyed=keys is not None, with_feedback=order.feedback
    )
    add_docs(routes, api, model=model, heads=heads)
    limits = Limits(body_bytes=server.max_body_bytes, bodies_bytes=max(64 << 20, 2 * server.max_body_bytes))
    labels = {"model": model, "version": version}

    def metrics() -> list[Metric]:
        own = model_metrics(counters, labels, batcher.queued_rows)
        return [*journal.metrics(), *own, *backend_metrics(loaded.kind, manifest, labels)]

    return App(Listener(routes, heads, limits, journal.recorder.refused), metrics, journal, endpoint)


def _no_feedback(request: Request) -> None:
    raise Rejected(
        HTTPStatus.FORBIDDEN, "this model takes no truths: set feedback.enabled in the spec of its ModelDeployment"
    )
