"""The Lease object behind an election."""

from __future__ import annotations

import os
import socket
import uuid

from mooring.control.client import Client
from mooring.control.errors import MissingError
from mooring.control.kinds import path
from mooring.reconcile.plan import Object


def own_identity() -> str:
    """Return a name that no other process has, and that a person can recognise."""
    return f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}"


class LeaseObject:
    """Reads and writes one Lease; implements `mooring.control.lease.LeaseApi`."""

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name

    async def read(self) -> Object | None:
        """Return the Lease, or None where there is none."""
        try:
            return await self._client.send("GET", path("Lease", self._namespace, self._name))
        except MissingError:
            return None

    async def create(self, spec: Object) -> Object:
        """Create the Lease, or raise ConflictError."""
        metadata = {"name": self._name, "namespace": self._namespace}
        return await self._send("POST", "", metadata, spec)

    async def replace(self, lease: Object, spec: Object) -> Object:
        """Replace the Lease as it was read, or raise ConflictError where it changed meanwhile."""
        return await self._send("PUT", self._name, lease["metadata"], spec)

    async def _send(self, method: str, name: str, metadata: Object, spec: Object) -> Object:
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        return await self._client.send(method, path("Lease", self._namespace, name), body, fenced=False)
