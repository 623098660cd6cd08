"""The paths of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from mooring.serving.fixed import fixed, readiness
from mooring.serving.http import Handler, Heads, Routes


def add_v1(routes: Routes, *, model: str, predict: Handler, heads: Heads, is_ready: Callable[[], bool]) -> None:
    """Answer `/v1/models` and what is below it."""
    base = f"/v1/models/{quote(model)}"
    routes.add("/v1/models", {"GET": fixed(heads, {"models": [model]})})
    routes.add(base, {"GET": readiness(heads, is_ready, {"name": model}, ("ready",))})
    routes.add(f"{base}:predict", {"POST": predict})
