"""Fixed routes: a dictionary from path to method to handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from mooring.serving.errors import Rejected, shown
from mooring.serving.http.exchange import Handler, Request


def _not_found(path: str) -> str:
    return f"there is nothing at {shown(path)}"


class Routes:
    """Sends each request to its handler. A path that is answered to GET is answered to HEAD."""

    def __init__(self, explain: Callable[[str], str] = _not_found) -> None:
        self._table: dict[bytes, dict[bytes, Handler]] = {}
        self._explain = explain

    def add(self, path: str, handlers: Mapping[str, Handler]) -> None:
        """Answer `path` with the handler of each method."""
        methods = {method.encode(): handler for method, handler in handlers.items()}
        if b"GET" in methods:
            methods[b"HEAD"] = methods[b"GET"]
        self._table[path.encode()] = methods

    def __call__(self, request: Request) -> None:
        """Answer a request; raises Rejected for an unknown path (404) or method (405)."""
        methods = self._table.get(request.path)
        if methods is None:
            methods = self._find(request.path)
        handler = methods.get(request.method)
        if handler is None:
            allowed = ", ".join(sorted(method.decode() for method in methods))
            sent = request.method.decode("latin-1")
            message = f"{sent} is not answered here, only {allowed}"
            raise Rejected(HTTPStatus.METHOD_NOT_ALLOWED, message, {"allow": allowed})
        handler(request)

    def _find(self, target: bytes) -> dict[bytes, Handler]:
        path = _path(target)
        methods = self._table.get(path)
        if methods is None:
            raise Rejected(HTTPStatus.NOT_FOUND, self._explain(path.decode("utf-8", "replace")))
        return methods


def _path(target: bytes) -> bytes:
    """Return the plain path of a request's target, which may be a whole URL, escaped, and have a query."""
    path = target.partition(b"?")[0].partition(b"#")[0]
    if not path.startswith(b"/"):
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    return unquote_to_bytes(path)
