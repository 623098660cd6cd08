"""Requests to the real API server, as any user, in one process (a kubectl for each case would take a minute)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from kubernetes.config import new_client_from_config

Object = Mapping[str, Any]

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
_PLURALS = {
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "Secret": "secrets",
    "Pod": "pods",
    "Service": "services",
    "Deployment": "deployments",
    "ControllerRevision": "controllerrevisions",
    "Event": "events",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "CustomResourceDefinition": "customresourcedefinitions",
    "SubjectAccessReview": "subjectaccessreviews",
    "TrainingJob": "trainingjobs",
    "ModelVersion": "modelversions",
    "ModelDeployment": "modeldeployments",
    "DriftPolicy": "driftpolicies",
    "Scale": "scale",
}


@dataclass(frozen=True)
class Answer:
    """What the API server said."""

    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """Why not; empty where it was accepted."""
        return "" if self.accepted else str(self.body.get("message", self.body))


@dataclass(frozen=True)
class Server:
    """The API server for one user. Writes are dry runs unless `real`."""

    api: ApiClient
    user: str = ""
    real: bool = False

    def as_user(self, user: str) -> Server:
        return replace(self, user=user)

    def for_real(self) -> Server:
        return replace(self, real=True)

    def create(self, obj: Object) -> Answer:
        return self._send("POST", _path(obj, named=False), obj)

    def apply(self, obj: Object, subresource: str = "") -> Answer:
        """Apply server-side as deploy.sh does, so that no second manager keeps what is later dropped from a file."""
        return self._send("PATCH", _path(obj) + subresource, obj, APPLY, fieldManager="mooring-deploy", force="true")

    def merge(self, obj: Object, change: Object, subresource: str = "") -> Answer:
        return self._send("PATCH", _path(obj) + subresource, change, MERGE)

    def delete(self, obj: Object) -> Answer:
        return self._send("DELETE", _path(obj))

    def get(self, obj: Object) -> Answer:
        return self._send("GET", _path(obj))

    def may(self, user: str, namespace: str, group: str, resource: str, verb: str, name: str = "") -> bool:
        """Return whether the authorizer allows it (`resource` may name a subresource after a slash)."""
        resource, _, subresource = resource.partition("/")
        attributes = {"namespace": namespace, "group": group, "resource": resource, "verb": verb, "name": name}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "metadata": {},
            "spec": {"user": user, "resourceAttributes": attributes | {"subresource": subresource}},
        }
        answer = self.for_real().create(review)
        assert answer.accepted, answer.message
        return bool(answer.body["status"]["allowed"])

    def _send(self, method: str, path: str, body: Object | None = None, kind: str = "", **query: str) -> Answer:
        if method != "GET":
            query |= {} if self.real else {"dryRun": "All"}
        if body is not None:
            query["fieldValidation"] = "Strict"
        headers = {"Content-Type": kind or "application/json", "Accept": "application/json"}
        if self.user:
            headers["Impersonate-User"] = self.user
        if token := self.api.configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = token
        response = self.api.rest_client.pool_manager.request(
            method,
            f"{self.api.configuration.host}{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            timeout=10,
        )
        return Answer(response.status, json.loads(response.data))


def connect() -> Server:
    """Return the server as its administrator; fails where no cluster is up, as nothing could then be shown."""
    command = [sys.executable, "-m", "cluster", "kubeconfig"]
    kubeconfig = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    return Server(new_client_from_config(kubeconfig))  # type: ignore[no-untyped-call]  # the client is not annotated


def until(what: str, holds: Callable[[], bool], seconds: float = 15) -> None:
    """Wait for the cluster, which takes up policies, schemas and rights a moment after they are applied."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def _path(obj: Object, *, named: bool = True) -> str:
    version, metadata = obj["apiVersion"], obj["metadata"]
    parts = ["/api" if "/" not in version else "/apis", version]
    if "namespace" in metadata:
        parts += ["namespaces", metadata["namespace"]]
    parts += [_PLURALS[obj["kind"]]]
    return "/".join([*parts, metadata["name"]] if named else parts)
