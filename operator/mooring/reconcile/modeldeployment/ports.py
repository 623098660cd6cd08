"""Where the pods of a template answer: read from the template, which is what runs, whatever the spec says by now."""

from __future__ import annotations

from typing import Any

from mooring.api.wire import SERVING_PORT
from mooring.reconcile.plan import Object

HTTP, GRPC, ADMIN = "http", "grpc", "admin"
_PROTOCOLS = {HTTP: "http", GRPC: "kubernetes.io/h2c"}
"""What meshes and gateways need to know of a Service's ports."""
USERS_PORT = 80
"""Where the users' Service answers HTTP. gRPC has the same number everywhere."""


def http_port(pod: Object) -> int:
    """Return the port on which the pods answer HTTP."""
    return _ports(pod).get(HTTP, SERVING_PORT)


def grpc_port(pod: Object) -> int | None:
    """Return the port on which the pods answer gRPC, None where they do not."""
    return _ports(pod).get(GRPC)


def keeps_ledger(pod: Object) -> bool:
    """Tell whether the pods count what they answer: Mooring's own server does, a user's container does not."""
    return ADMIN in _ports(pod)


def headless_ports(pod: Object) -> list[dict[str, Any]]:
    """Return the ports of the Service that names each pod: the pods' own."""
    return _service_ports(pod, http_port(pod))


def service_ports(pod: Object) -> list[dict[str, Any]]:
    """Return the ports of the Service for users."""
    return _service_ports(pod, USERS_PORT)


def _service_ports(pod: Object, http: int) -> list[dict[str, Any]]:
    numbers = {HTTP: http} | ({GRPC: port} if (port := grpc_port(pod)) is not None else {})
    return [
        {"name": name, "port": number, "targetPort": name, "protocol": "TCP", "appProtocol": _PROTOCOLS[name]}
        for name, number in numbers.items()
    ]


def _ports(pod: Object) -> dict[str, int]:
    containers = pod.get("spec", {}).get("containers", [])
    return {port["name"]: port["containerPort"] for container in containers for port in container.get("ports", [])}
