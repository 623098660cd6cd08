"""The clusters: where the pods of an arm are, and when one of them is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mooring.reconcile.traffic.envoy.names import grpc_of, shadow_of
from mooring.reconcile.traffic.split import Split

Json = dict[str, Any]

_MANY = 100_000
"""No limit of Envoy's own: a pod that has too much to do says so itself, and is counted for it."""


@dataclass(frozen=True)
class Place:
    """Where the pods of an arm answer."""

    host: str
    http: int
    grpc: int | None = None


def clusters(split: Split, place: Callable[[str], Place]) -> list[Json]:
    """Return a cluster for each arm and way to ask it, and the same for the canary as a shadow."""
    found = [_cluster(name, way) for arm in sorted(split.arms) for name, way in _ways(arm, place(arm)).items()]
    if split.canary is not None:
        found += [_cluster(shadow_of(name), way) for name, way in _ways(split.canary, place(split.canary)).items()]
    return found


@dataclass(frozen=True)
class _Way:
    """One way to ask."""

    host: str
    port: int
    protocol: str


def _ways(arm: str, place: Place) -> dict[str, _Way]:
    """Return the ways to ask an arm, by the name of the cluster."""
    http = {arm: _Way(place.host, place.http, "http_protocol_options")}
    return http | ({grpc_of(arm): _Way(place.host, place.grpc, "http2_protocol_options")} if place.grpc else {})


def _cluster(name: str, way: _Way) -> Json:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": way.host, "port_value": way.port}}}}
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "cluster_type": _by_name(),
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "circuit_breakers": {"thresholds": [_thresholds()]},
        "outlier_detection": _outliers(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {way.protocol: {}},
                "common_http_protocol_options": {"idle_timeout": "30s"},
            }
        },
    }


def _by_name() -> Json:
    """Return how pods are found: every address behind the name, asked for each second, as they become ready and go."""
    return {
        "name": "envoy.clusters.dns",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster",
            "dns_refresh_rate": "1s",
            "dns_failure_refresh_rate": {"base_interval": "0.5s", "max_interval": "2s"},
            "dns_lookup_family": "V4_PREFERRED",
        },
    }


def _thresholds() -> Json:
    most = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _MANY)
    # Only what never reached a pod is repeated, so that repeating burdens nobody who still answers.
    budget = {"budget_percent": {"value": 100.0}, "min_retry_concurrency": 1000}
    return {**most, "retry_budget": budget}


def _outliers() -> Json:
    """Leave out a pod that cannot be reached, and never one for its answers: those are for the judge."""
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_5xx": 0,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "enforcing_failure_percentage": 0,
        "enforcing_failure_percentage_local_origin": 0,
        "interval": "1s",
        "base_ejection_time": "5s",
        "max_ejection_time": "30s",
        "max_ejection_percent": 50,
    }
