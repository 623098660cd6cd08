"""A Gateway of the installed controller, two versions that say who they are, and a route of ours between them."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from cluster.base_images import BASE_IMAGE
from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.plan import LABEL_ARM
from mooring.reconcile.traffic.gateway import Gateway, Parent, standing
from mooring.reconcile.traffic.split import Split
from tests.support.fixtures import kubeconfig as kubeconfig
from tests.support.kube import Kube, eventually

STABLE, CANARY = "income-v1-aaaaaaaa", "income-v2-bbbbbbbb"
HOST = "income.example.com"
GROUP = "gateway.networking.k8s.io/v1"
VERSIONS = dict.fromkeys(("Gateway", "GatewayClass", "HTTPRoute"), GROUP)
PROXIES = "envoy-gateway-system"
SECONDS = 60

_SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        told = [os.environ["ARM"], self.headers.get("x-mooring-role", "-"), self.headers.get("x-mooring-override", "-")]
        body = " ".join(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def arm(name: str) -> list[dict[str, Any]]:
    """Return a version's Deployment and headless Service."""
    container = {
        "name": "server",
        "image": BASE_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", _SERVER],
        "env": [{"name": "ARM", "value": name}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1},
    }
    labels = {LABEL_ARM: name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    deployment = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"name": "http", "port": 8080, "targetPort": "http"}]
    return [
        {"kind": "Deployment", "metadata": {"name": name}, "spec": deployment},
        {
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"clusterIP": "None", "selector": labels, "ports": ports},
        },
    ]


@dataclass
class Town:
    """A namespace with two versions, and a Gateway beside them."""

    kube: Kube
    address: str = ""
    parent: Parent = field(default_factory=lambda: Parent("public", None, "http", HOST))

    def route(self, split: Split, ready: dict[str, int] | None = None, parent: Parent | None = None) -> None:
        """Apply our route for a split."""
        metadata = {"name": "income", "namespace": self.kube.namespace, "uid": "none"}
        deployment = ModelDeployment.model_validate({"metadata": metadata, "spec": {"model": "income"}})
        (apply,) = Gateway(parent or self.parent, ready).objects(deployment, split)
        manifest = dict(apply.manifest)
        manifest["metadata"] = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
        self.kube.apply(manifest)

    def standing(self) -> tuple[str, str]:
        """Return what the Gateway says of it."""
        return standing(self.kube.get("HTTPRoute", "income"))

    def ask(self, count: int, **headers: str) -> list[str]:
        """Return the answers of requests through the Gateway; anything but 200 is an answer of its own."""
        connection = http.client.HTTPConnection(self.address, 80, timeout=10)
        answers = []
        for _ in range(count):
            sent = {"host": HOST} | {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", "/v2", headers=sent)
            answer = connection.getresponse()
            body = answer.read().decode()
            answers.append(body if answer.status == 200 else str(answer.status))
        return answers


@pytest.fixture(scope="session")
def controller(kubeconfig: str) -> Kube:
    """The cluster, where a controller is installed."""
    kube = Kube(kubeconfig, versions=VERSIONS)
    crds = {item["metadata"]["name"] for item in kube.list("CustomResourceDefinition")}
    if "httproutes.gateway.networking.k8s.io" not in crds:
        pytest.skip("no Gateway API here; first: python3 -m cluster gateway (or: make gateway)")
    return kube


@pytest.fixture(scope="module")
def town(controller: Kube) -> Iterator[Town]:
    """The namespace; it is deleted at the end, without waiting."""
    name = f"gateway-{uuid.uuid4().hex[:8]}"
    controller.create({"kind": "Namespace", "metadata": {"name": name}})
    kube = Kube(controller.kubeconfig, name, VERSIONS)
    listener = {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}}
    spec = {"gatewayClassName": "envoy", "listeners": [listener]}
    for manifest in [*arm(STABLE), *arm(CANARY), {"kind": "Gateway", "metadata": {"name": "public"}, "spec": spec}]:
        kube.apply(manifest)
    try:
        for version in (STABLE, CANARY):
            eventually(f"{version} is ready", lambda v=version: _ready(kube, v), SECONDS)
        yield Town(kube, eventually("the Gateway has an address", lambda: address_of(kube), SECONDS))
    finally:
        controller.delete("Namespace", name)


def _ready(kube: Kube, name: str) -> bool:
    found = kube.get("Deployment", name)
    return bool(found and (found.get("status") or {}).get("readyReplicas"))


def address_of(kube: Kube) -> str | None:
    """Return the address of the Gateway's Service, once its proxy is ready."""
    owned = f"gateway.envoyproxy.io/owning-gateway-namespace={kube.namespace}"
    proxies = Kube(kube.kubeconfig, PROXIES)
    ready = [item for item in proxies.list("Deployment", owned) if (item.get("status") or {}).get("readyReplicas")]
    return next((item["spec"]["clusterIP"] for item in proxies.list("Service", owned)), None) if ready else None
