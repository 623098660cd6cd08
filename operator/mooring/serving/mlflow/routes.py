"""The paths of MLflow's scoring server."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import mooring
from mooring.serving.fixed import readiness
from mooring.serving.http import Handler, Heads, Request, Routes


def add_mlflow(
    routes: Routes, *, invocations: Handler, csv_invocations: Handler, heads: Heads, is_ready: Callable[[], bool]
) -> None:
    """Answer `/invocations`, by the body's content type, and `/ping`, `/health`, `/version`."""

    def invoke(request: Request) -> None:
        kind = request.content_type.partition(b";")[0].strip().lower()
        (csv_invocations if kind == b"text/csv" else invocations)(request)

    def version(request: Request) -> None:
        request.answer(heads.get(HTTPStatus.OK, "text/plain; charset=utf-8"), mooring.__version__.encode())

    health = readiness(heads, is_ready, {}, ("ready",))
    routes.add("/invocations", {"POST": invoke})
    routes.add("/ping", {"GET": health})
    routes.add("/health", {"GET": health})
    routes.add("/version", {"GET": version})
