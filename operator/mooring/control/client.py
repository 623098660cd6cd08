"""Requests to the API server: JSON in, JSON out, errors as decisions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import ApiClient, Configuration

from mooring import __version__
from mooring.control import login
from mooring.control.errors import LeaseLostError, UnavailableError, api_error
from mooring.control.kinds import FIELD_MANAGER, path, selector
from mooring.reconcile.plan import API_VERSIONS, Object

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

PAGE = 500
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Listing:
    """A list of one kind with metadata only, at one moment."""

    revision: int
    items: tuple[Object, ...]


class Client:
    """Every request goes through `send`, at most `concurrency` at a time.

    `may_write` is asked before each write: a process that lost its lease must not finish what it began.
    """

    def __init__(
        self, configuration: Configuration, *, concurrency: int = 16, may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self.configuration = configuration
        self._api = ApiClient(configuration)
        self._api.user_agent = f"mooring/{__version__}"
        self._slots = asyncio.Semaphore(concurrency)
        self.may_write = may_write

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]  # the client is not annotated

    async def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object, or None. A list of one, so that the right to list is all that it needs."""
        query = {"fieldSelector": f"metadata.name={name}"}
        found = await self.send("GET", path(kind, namespace), query=query)
        item = next(iter(found["items"] or ()), None)
        return None if item is None else {"apiVersion": API_VERSIONS[kind], "kind": kind, **item}

    async def create(self, manifest: Object) -> Object:
        """Create an object, or raise ConflictError where the name is taken."""
        where = path(manifest["kind"], manifest["metadata"]["namespace"])
        return await self.send("POST", where, manifest, query={"fieldManager": FIELD_MANAGER})

    async def apply(self, manifest: Object, *, force: bool, subresource: str = "") -> Object:
        """Apply server-side. Without force, raises ConflictError where another manager owns one of the fields."""
        metadata = manifest["metadata"]
        where = path(manifest["kind"], metadata["namespace"], metadata["name"], subresource)
        query = {"fieldManager": FIELD_MANAGER, "force": "true" if force else "false"}
        return await self.send("PATCH", where, manifest, query=query, content_type=APPLY)

    async def merge(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """Apply a merge patch; with `metadata.uid` in it, raises ConflictError where the object is another one."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self.send("PATCH", path(kind, namespace, name), body, query=query, content_type=MERGE)

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> Object:
        """Delete an object and, in the background, what it owns. Return a Status, or the object as it ends."""
        body = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        return await self.send("DELETE", path(kind, namespace, name), body)

    async def list_metadata(self, kind: str, namespace: str | None) -> Listing:
        """Return the metadata of every object of a kind that the watch on it would bring."""
        revision = 0
        items: list[Object] = []
        async for page in self._pages(kind, namespace):
            revision = revision or int(page["metadata"].get("resourceVersion") or 0)
            items += page["items"] or ()  # an empty list of metadata is null
        return Listing(revision, tuple(items))

    async def _pages(self, kind: str, namespace: str | None) -> AsyncIterator[Object]:
        query = {"limit": str(PAGE), "labelSelector": selector(kind)}
        while True:
            page = await self.send("GET", path(kind, namespace), query=query, accept=METADATA_ONLY)
            yield page
            query["continue"] = page["metadata"].get("continue", "")
            if not query["continue"]:
                return

    async def send(
        self,
        method: str,
        where: str,
        body: Object | None = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
        fenced: bool = True,
    ) -> Object:
        """Send one request and return the answer. The lease itself is written without asking `may_write`.

        Raises:
            LeaseLostError: this process may no longer write.
            ApiError: of the class that says what to do about it.

        """
        url = f"{self.configuration.host}{where}"
        given = {name: value for name, value in (query or {}).items() if value}
        async with self._slots:
            if fenced and method != "GET" and not self.may_write():
                raise LeaseLostError(f"{method} {where} was not sent: the lease may be somebody else's by now")
            headers = await self._headers(content_type, accept)
            address = f"{url}?{urlencode(given)}" if given else url
            return await self._exchange(method, address, headers, body)

    async def _headers(self, content_type: str, accept: str) -> dict[str, str]:
        headers = {"Content-Type": content_type, "Accept": accept, **self._api.default_headers}
        if token := await login.authorization(self.configuration):
            headers["Authorization"] = token
        return headers

    async def _exchange(self, method: str, url: str, headers: dict[str, str], body: Object | None) -> Object:
        limits = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, sock_connect=5.0)
        try:
            response = await self._api.call_api(method, url, headers, body, _request_timeout=limits)
            text = await response.read()  # type: ignore[no-untyped-call]  # the client is not annotated
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(0, "Unreachable", f"{method} {url}: {error or type(error).__name__}") from error
        answer = _parsed(text)
        if not 200 <= response.status < 300:
            message = str(answer.get("message") or text[:200].decode(errors="replace"))
            raise api_error(response.status, str(answer.get("reason", "")), message)
        return answer


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
