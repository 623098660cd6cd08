"""Asking components whether they are well, and waiting until they are."""

import json
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import cast

from cluster import pki
from cluster.components import Component
from cluster.settings import API_URL, NODE

ANSWER_SECONDS = 2.0
POLL_SECONDS = 0.05


def healthy(component: Component) -> bool:
    """Whether the component says of itself that it works."""
    kind, _, address = component.health.partition(":")
    if kind == "unix":
        return accepts(address)
    return _get(component.health) is not None


def node_ready() -> bool:
    """Whether the API server reports our node as Ready."""
    answer = _get(f"{API_URL}/api/v1/nodes/{NODE}", token=pki.admin_token())
    if answer is None:
        return False
    node = json.loads(answer)
    conditions = cast(list[dict[str, str]], node["status"].get("conditions", []))
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def wait_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll until the condition holds; False when it does not within the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def accepts(path: str) -> bool:
    """Whether somebody listens on the Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def _get(url: str, *, token: str | None = None) -> bytes | None:
    """The body of a 200 answer, or None. A proxy in the environment has no business between us and ourselves."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if url.startswith("https:"):
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(pki.CA))))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - our own addresses only
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=ANSWER_SECONDS) as answer:
            return cast(bytes, answer.read())
    except (OSError, urllib.error.URLError):
        return None
