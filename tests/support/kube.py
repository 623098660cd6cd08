"""The real cluster, as its administrator, for tests: short, synchronous, independent of the operator's client."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.config import new_client_from_config

Object = dict[str, Any]

ROOT = Path(__file__).parents[2]
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
CHILDREN = ("Job", "Deployment", "Service", "ControllerRevision")
RESOURCES = ("TrainingJob", "ModelVersion", "ModelDeployment", "DriftPolicy")

_VERSIONS = {
    "Namespace": "v1",
    "Service": "v1",
    "Pod": "v1",
    "ResourceQuota": "v1",
    "Secret": "v1",
    "ConfigMap": "v1",
    "Job": "batch/v1",
    "Deployment": "apps/v1",
    "ControllerRevision": "apps/v1",
    "Event": "events.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "ServiceAccount": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
} | dict.fromkeys(RESOURCES, "mooring.dev/v1alpha1")

_CLUSTER_WIDE = ("Namespace", "CustomResourceDefinition")


class RefusedError(Exception):
    """An answer of the API server that is not a success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


def kubeconfig() -> str:
    """Return the administrator's kubeconfig of the test cluster."""
    command = [sys.executable, "-m", "cluster", "kubeconfig"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def eventually(what: str, holds: Callable[[], object], seconds: float = 20) -> Any:
    """Wait until `holds()` is true, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return result


def _plural(kind: str) -> str:
    name = kind.lower()
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


class Kube:
    """Objects of the cluster, by kind and name, in one namespace (or the one given)."""

    def __init__(self, kubeconfig: str, namespace: str = "default", versions: Mapping[str, str] | None = None) -> None:
        """Use `versions` for kinds that live elsewhere than usual."""
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self._versions = {**_VERSIONS, **(versions or {})}
        self._api: ApiClient = new_client_from_config(kubeconfig)  # type: ignore[no-untyped-call]  # not annotated

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        try:
            return self._send("GET", self._path(kind, name, namespace))
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, selector: str = "") -> list[Object]:
        return self._send("GET", self._path(kind), labelSelector=selector)["items"] or []

    def create(self, obj: Mapping[str, Any]) -> Object:
        return self._send("POST", self._path(obj["kind"]), self._full(obj))

    def apply(self, obj: Mapping[str, Any], manager: str = "test") -> Object:
        path = self._path(obj["kind"], obj["metadata"]["name"])
        return self._send("PATCH", path, self._full(obj), APPLY, fieldManager=manager, force="true")

    def merge(self, kind: str, name: str, change: Mapping[str, Any], subresource: str = "") -> Object:
        return self._send("PATCH", self._path(kind, name) + subresource, change, MERGE)

    def delete(self, kind: str, name: str) -> None:
        self._send("DELETE", self._path(kind, name), {"propagationPolicy": "Background"})

    def token(self, account: str) -> str:
        """Return a token of a service account, as a pod would get it."""
        path = self._path("ServiceAccount", account) + "/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
        return str(self._send("POST", path, body)["status"]["token"])

    def children(self, owner: str = "") -> dict[tuple[str, str], Object]:
        """Return every object that the operator made (for one owner), by kind and name."""
        managed = "app.kubernetes.io/managed-by=mooring" + (f",mooring.dev/owner={owner}" if owner else "")
        return {(kind, obj["metadata"]["name"]): obj for kind in CHILDREN for obj in self.list(kind, managed)}

    def revisions(self) -> dict[tuple[str, str], tuple[str, str]]:
        """Return uid and resourceVersion of all resources and children: equal means that nobody wrote."""
        own = {(kind, obj["metadata"]["name"]): obj for kind in RESOURCES for obj in self.list(kind)}
        both = (own | self.children()).items()
        return {key: (obj["metadata"]["uid"], obj["metadata"]["resourceVersion"]) for key, obj in both}

    def _full(self, obj: Mapping[str, Any]) -> Object:
        where = {} if obj["kind"] in _CLUSTER_WIDE else {"namespace": self.namespace}
        return {"apiVersion": self._versions[obj["kind"]], **obj, "metadata": {**where, **obj["metadata"]}}

    def _path(self, kind: str, name: str = "", namespace: str | None = None) -> str:
        version = self._versions[kind]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        where = (
            "" if kind in ("Namespace", "CustomResourceDefinition") else f"/namespaces/{namespace or self.namespace}"
        )
        return f"{root}{where}/{_plural(kind)}" + (f"/{name}" if name else "")

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, kind: str = "", **query: str
    ) -> Object:
        headers = {"Content-Type": kind or "application/json", "Accept": "application/json"}
        if token := self._api.configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = token
        response = self._api.rest_client.pool_manager.request(
            method,
            f"{self._api.configuration.host}{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=10,
        )
        if response.status >= 300:  # plain text where a kind is not served yet
            raise RefusedError(response.status, response.data.decode(errors="replace"))
        answer: Object = json.loads(response.data)
        return answer
