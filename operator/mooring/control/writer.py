"""Carries out the writes of a plan, and only those that change something."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Mapping
from typing import Any, assert_never

from mooring.control.client import Client
from mooring.control.errors import ConflictError, MissingError, NameTakenError, NotYetError, RefusedError
from mooring.control.feed import Feed
from mooring.control.metrics import Metrics
from mooring.control.ownership import whose
from mooring.control.subset import APPLIED, contains, digest
from mooring.reconcile.plan import API_VERSIONS, Apply, Delete, Key, Mint, Object, Patch, Write

logger = logging.getLogger(__name__)

_KEY_BYTES = 32


class Writer:
    """Compares with the cache first, so that a settled cluster is not written to; reports answers to the feed."""

    def __init__(self, client: Client, feed: Feed, metrics: Metrics) -> None:
        self._client = client
        self._feed = feed
        self._metrics = metrics

    async def write(self, write: Write, key: Key) -> None:
        """Carry out one write where it changes something.

        Raises:
            NameTakenError: a stranger's object has the name.
            NotYetError: what has the name is on its way out.
            ApiError: the API server did not do it.

        """
        match write:
            case Apply():
                await self._apply(write, key)
            case Patch():
                await self._patch(write, key)
            case Delete():
                await self._delete(write, key)
            case Mint():
                await self._mint(write)
            case _:
                assert_never(write)

    async def status(self, key: Key, live: Object, status: Object) -> bool:
        """Write the status where it differs from the one seen; return whether it was written."""
        if (live.get("status") or {}) == status:
            return False
        metadata = {"name": key.name, "namespace": key.namespace, "uid": live["metadata"]["uid"]}
        body = {"apiVersion": API_VERSIONS[key.kind], "kind": key.kind, "metadata": metadata, "status": status}
        try:
            answer = await self._client.apply(body, force=True, subresource="status")
        except (MissingError, ConflictError):
            return False  # deleted, or made anew, since it was seen: the event on that is on its way
        self._wrote(key, key.kind, "status", answer)
        return True

    async def _apply(self, write: Apply, key: Key) -> None:
        manifest = write.manifest
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        live = self._feed.cache.get(kind, manifest["metadata"]["namespace"], name)
        if live is None and write.once:
            return await self._create(manifest, key)
        if live is None:
            # The cache holds only what is labelled as ours, and a write whose answer was lost may be late in it.
            live = await self._find(kind, manifest["metadata"]["namespace"], name)
        if live is None:
            answer = await self._unforced(_stamped(manifest), f"{kind} {name}")
            return self._wrote(key, kind, "create", answer)
        return await self._adjust(write, live, key)

    async def _find(self, kind: str, namespace: str, name: str) -> Object | None:
        try:
            return await self._client.find(kind, namespace, name)
        except MissingError as error:
            raise RefusedError(error.status, "NotInstalled", f"no {kind} in this cluster: install its API") from error

    async def _create(self, manifest: Object, key: Key) -> None:
        kind, metadata = manifest["kind"], manifest["metadata"]
        try:
            answer = await self._client.create(manifest)
        except ConflictError:
            live = await self._client.find(kind, metadata["namespace"], metadata["name"])
            if live is None:
                raise
            return self._claim(live, manifest)
        return self._wrote(key, kind, "create", answer)

    async def _adjust(self, write: Apply, live: Object, key: Key) -> None:
        """Bring an object that exists to what is wanted, if it is ours."""
        self._claim(live, write.manifest)
        wanted = _stamped(write.manifest)
        if write.once or live["metadata"].get("deletionTimestamp") or contains(live, wanted):
            return
        guarded = {**wanted, "metadata": {**wanted["metadata"], "uid": live["metadata"]["uid"]}}
        answer = await self._client.apply(guarded, force=True)
        self._wrote(key, wanted["kind"], "apply", answer)

    def _claim(self, live: Object, manifest: Object) -> None:
        """Take note of an object of ours, or raise when it is not."""
        kind, metadata = manifest["kind"], live["metadata"]
        match whose(live, manifest):
            case "stranger":
                raise NameTakenError(f"{kind} {metadata['name']}")
            case "leftover":
                raise NotYetError(f"{kind} {metadata['name']} belongs to a deleted resource and will be collected")
        self._feed.seen(kind, live)

    async def _unforced(self, manifest: Object, taken: str) -> Object:
        try:
            return await self._client.apply(manifest, force=False)
        except ConflictError as error:
            raise NameTakenError(taken) from error  # made by somebody else since we looked

    async def _patch(self, write: Patch, key: Key) -> None:
        live = self._feed.cache.get(write.kind, write.namespace, write.name)
        if live is not None and _merged(live, write.body):
            return
        body = {**write.body, "metadata": {**write.body.get("metadata", {}), "uid": write.uid}}
        try:
            answer = await self._client.merge(write.kind, write.namespace, write.name, body)
        except (MissingError, ConflictError):
            return  # gone, or another object by now: the plan was made for one that no longer exists
        self._wrote(key, write.kind, "patch", answer)

    async def _delete(self, write: Delete, key: Key) -> None:
        live = self._feed.cache.get(write.kind, write.namespace, write.name)
        if live is not None and (live["metadata"]["uid"] != write.uid or live["metadata"].get("deletionTimestamp")):
            return
        gone = {"metadata": {"name": write.name, "namespace": write.namespace, "uid": write.uid}}
        try:
            answer = await self._client.delete(write.kind, write.namespace, write.name, write.uid)
        except (MissingError, ConflictError):  # gone already, or another object by now
            self._feed.gone(write.kind, gone)
            return
        self._count(write.kind, "delete")
        if answer.get("kind") == "Status":
            self._feed.gone(write.kind, gone)
        else:
            self._feed.seen(write.kind, answer)  # it ends in its own time, with a deletionTimestamp

    async def _mint(self, write: Mint) -> None:
        """Make a random key by POST alone: a patch would answer with the data of one that exists."""
        secret = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        try:
            await self._client.create({**write.manifest, "type": "Opaque", "stringData": {write.key: secret}})
        except ConflictError:
            return  # made before: whoever uses the key goes on with it
        self._count("Secret", "create")

    def _wrote(self, key: Key, kind: str, verb: str, answer: Object) -> None:
        self._feed.seen(kind, answer)
        self._count(kind, verb)
        logger.debug("wrote", extra={"key": key, "verb": verb, "object": f"{kind} {answer['metadata']['name']}"})

    def _count(self, kind: str, verb: str) -> None:
        self._metrics.writes.labels(kind, verb).inc()


def _stamped(manifest: Object) -> Object:
    """Return the manifest with the digest of itself, which shows later that nothing was taken out of it."""
    metadata = manifest["metadata"]
    annotations = {**(metadata.get("annotations") or {}), APPLIED: digest(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def _merged(live: Any, patch: Any) -> bool:
    """Return whether a merge patch would change nothing."""
    if isinstance(patch, Mapping):
        fields = live if isinstance(live, Mapping) else {}
        return isinstance(live, Mapping) and all(_merged(fields.get(name), value) for name, value in patch.items())
    return bool(live == patch)
