"""The admin port: probes and metrics, answered from before the model is loaded until the end."""

from __future__ import annotations

from http import HTTPStatus

import orjson

from mooring.serving.http import Heads, Limits, Listener, Request, Routes
from mooring.serving.metrics import Metric, process_metrics, render
from mooring.serving.state import State

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def admin_listener(state: State) -> Listener:
    """Return the listener for `/healthz`, `/readyz` and `/metrics`."""
    heads = Heads()

    def live(request: Request) -> None:
        request.answer(heads.get(), b'{"live":true}')

    def ready(request: Request) -> None:
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        request.answer(heads.get(status), orjson.dumps({"ready": state.ready, "phase": state.phase}))

    def metrics(request: Request) -> None:
        found = [*_own_metrics(state), *process_metrics()]
        request.answer(heads.get(content_type=_METRICS_TYPE), render(found))

    routes = Routes()
    for path, handler in (("/healthz", live), ("/readyz", ready), ("/metrics", metrics)):
        routes.add(path, {"GET": handler})
    return Listener(routes, heads, Limits(body_bytes=1024, bodies_bytes=1 << 20, connections=128))


def _own_metrics(state: State) -> list[Metric]:
    found = [Metric("mooring_ready", "gauge", "Whether predictions are answered.", [({}, state.ready)])]
    if state.app is not None:
        listener = state.app.listener
        found += [
            *state.app.metrics(),
            Metric("mooring_connections", "gauge", "Open connections.", [({}, len(listener.connections))]),
            Metric("mooring_connections_total", "counter", "Accepted connections.", [({}, listener.accepted)]),
        ]
    return found
