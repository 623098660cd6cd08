"""What the parts of Envoy's configuration call each other."""

from __future__ import annotations

from typing import Final

HTTP_PORT: Final = 8080
"""Where Envoy answers users."""
GRPC_PORT: Final = 8082
"""The same listener as that for HTTP, under the name by which the users' Service finds gRPC."""
OPS_PORT: Final = 8081
"""Where the operator and the kubelet ask, and may only read. The same number as that of a serving pod."""
ADMIN_PORT: Final = 9901
"""Envoy's own administration, on the loopback address of the pod."""
FOLDER: Final = "/etc/mooring"
"""Where the ConfigMap is mounted."""
CLUSTERS_FILE: Final = "clusters.json"
ROUTES_FILE: Final = "routes.json"
ROUTES: Final = "mooring"
"""The name of the one set of routes, and of its virtual host."""

ADMIN_CLUSTER: Final = "admin"
COUNTS: Final = "arms"
"""The prefix of the counts of requests by the arm that answered."""

ROLE: Final = "x-mooring-role"
OVERRIDE: Final = "x-mooring-override"
FORWARDED: Final = "x-mooring-forwarded"
"""Between serving pods only."""
CALLER: Final = "x-mooring-caller"
ANSWER_ROLE: Final = "mooring-role"


_GRPC, _SHADOW = "-grpc", "-shadow"


def grpc_of(arm: str) -> str:
    """Return the cluster by which an arm is asked over gRPC."""
    return arm + _GRPC


def shadow_of(cluster: str) -> str:
    """Return the cluster by which an arm is asked without being heard: its counts are kept apart."""
    return cluster + _SHADOW


def arm_of(cluster: str) -> str:
    """Return the arm that a cluster leads to. Names of arms end with a hash, so none looks like another's cluster."""
    return cluster.removesuffix(_SHADOW).removesuffix(_GRPC)
