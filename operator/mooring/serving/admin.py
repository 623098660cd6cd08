"""The admin port: probes, metrics and the ledger, answered from before the model is loaded until the end."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import orjson

from mooring.ledger.readable import readable
from mooring.ledger.wire import MEDIA_TYPE
from mooring.serving.errors import Rejected, bad_input, overloaded, shown
from mooring.serving.http import Heads, Limits, Listener, Request, Routes
from mooring.serving.metrics import Metric, process_metrics, render
from mooring.serving.shadow.told import PATH
from mooring.serving.state import State

if TYPE_CHECKING:
    from mooring.serving.app import App

_ANSWERS_TYPE = "application/x-mooring-answers"
_READER_LENGTH = 128
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def admin_listener(state: State) -> Listener:
    """Return the listener for `/healthz`, `/readyz`, `/metrics` and what the operator reads: `/mooring/…`."""
    heads = Heads()

    def live(request: Request) -> None:
        request.answer(heads.get(), b'{"live":true}')

    def ready(request: Request) -> None:
        status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
        request.answer(heads.get(status), orjson.dumps({"ready": state.ready, "phase": state.phase}))

    def metrics(request: Request) -> None:
        found = [*_own_metrics(state), *process_metrics()]
        request.answer(heads.get(content_type=_METRICS_TYPE), render(found))

    def ledger(request: Request) -> None:
        since, binary, reader = _asked(request.path)
        journal = _app(state).journal
        if binary:
            request.answer(heads.get(content_type=MEDIA_TYPE), journal.ledger.since(since))
        else:
            request.answer(heads.get(), orjson.dumps(readable(journal.ledger.reading(since))))
        journal.sealing.was_read(reader)

    def profile(request: Request) -> None:
        found = _app(state).journal.profile
        if found is None:
            raise Rejected(HTTPStatus.NOT_FOUND, "this model came without a profile: there is no reference")
        request.answer(heads.get(), found.model_dump_json(by_alias=True).encode())

    def answers(request: Request) -> None:
        watch = _app(state).journal.watch
        if watch is None:
            raise Rejected(HTTPStatus.NOT_FOUND, "without MOORING_ID_KEY no answers are compared")
        since, _, _ = _asked(request.path)
        request.answer(heads.get(content_type=_ANSWERS_TYPE), watch.document(request.authorization, since))

    routes = Routes()
    table = {"/healthz": live, "/readyz": ready, "/metrics": metrics}
    for path, handler in {**table, "/mooring/ledger": ledger, "/mooring/profile": profile, PATH: answers}.items():
        routes.add(path, {"GET": handler})
    return Listener(routes, heads, Limits(body_bytes=1024, bodies_bytes=1 << 20, connections=128))


def _app(state: State) -> App:
    if state.app is None:
        raise overloaded("the model is not loaded yet")
    return state.app


def _asked(target: bytes) -> tuple[int, bool, str]:
    """Return the number after which to read, whether in binary, and who reads."""
    query = parse_qs(target.partition(b"?")[2].decode("latin-1"))
    since, form = query.get("since", ["0"])[-1], query.get("format", ["json"])[-1]
    if not (since.isascii() and since.isdigit()) or len(since) > 18:
        raise bad_input(f"since is {shown(since)}; expected the number of the last interval that you have, or 0")
    if form not in ("json", "binary"):
        raise bad_input(f"format is {shown(form)}; expected json or binary")
    return int(since), form == "binary", query.get("reader", [""])[-1][:_READER_LENGTH]


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
