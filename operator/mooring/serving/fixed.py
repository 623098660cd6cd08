"""Handlers that answer from bodies made ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

import orjson

from mooring.serving.http import Handler, Heads, Request


def fixed(heads: Heads, content: object) -> Handler:
    """Return the handler that always answers with this JSON."""
    head, body = heads.get(), orjson.dumps(content)
    return lambda request: request.answer(head, body)


def readiness(
    heads: Heads, is_ready: Callable[[], bool], content: Mapping[str, object], keys: tuple[str, ...]
) -> Handler:
    """Return the handler that says under each of `keys` whether predictions are answered: 200, or 503."""
    heads_by = {True: heads.get(), False: heads.get(HTTPStatus.SERVICE_UNAVAILABLE)}
    bodies = {ready: orjson.dumps({**content, **dict.fromkeys(keys, ready)}) for ready in (True, False)}

    def handler(request: Request) -> None:
        ready = is_ready()
        request.answer(heads_by[ready], bodies[ready])

    return handler
