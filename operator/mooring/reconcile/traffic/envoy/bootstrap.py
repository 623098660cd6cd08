"""What an Envoy is started with: two listeners, and where to read the rest. It is part of the pod's template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mooring.reconcile.traffic.envoy.names import (
    ADMIN_CLUSTER,
    ADMIN_PORT,
    CLUSTERS_FILE,
    COUNTS,
    FOLDER,
    GRPC_PORT,
    HTTP_PORT,
    OPS_PORT,
    OVERRIDE,
    ROUTES,
    ROUTES_FILE,
)

Json = dict[str, Any]

_EXTENSIONS = "type.googleapis.com/envoy.extensions"
_CONNECTIONS = 10_000
_READABLE = ("/stats", "/config_dump", "/ready")


@dataclass(frozen=True)
class Places:
    """Ports and the folder with the files; in a pod they are always the same."""

    http: int = HTTP_PORT
    grpc: int = GRPC_PORT
    ops: int = OPS_PORT
    admin: int = ADMIN_PORT
    folder: str = FOLDER
    host: str = "0.0.0.0"  # noqa: S104  # a pod's listeners


def bootstrap(*, buffer_bytes: int, places: Places | None = None) -> Json:
    """Return the bootstrap.

    `buffer_bytes` of a request are kept, to send them to another pod where the first cannot be reached.
    """
    at = places or Places()
    return {
        "node": {"id": "mooring", "cluster": "mooring"},
        "admin": {"address": _address("127.0.0.1", at.admin)},
        "dynamic_resources": {"cds_config": _file(at, CLUSTERS_FILE)},
        "static_resources": {
            "listeners": [
                {"name": "users", **_listener(at.host, at.http, _users(at)), **_more(at, buffer_bytes)},
                {"name": "ops", **_listener(at.host, at.ops, _ops())},
            ],
            "clusters": [_admin(at.admin)],
        },
        "overload_manager": {
            "resource_monitors": [
                _typed(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=_CONNECTIONS,
                )
            ]
        },
    }


def _more(at: Places, buffer_bytes: int) -> Json:
    """Return what only the users' listener has: the port that is called gRPC's, though both answer both."""
    return {
        "additional_addresses": [{"address": _address(at.host, at.grpc)}],
        "per_connection_buffer_limit_bytes": buffer_bytes,
    }


def _file(at: Places, name: str) -> Json:
    """Return a source that is read again whenever the kubelet has replaced the folder's content."""
    source = {"path": f"{at.folder}/{name}", "watched_directory": {"path": at.folder}}
    # Zero: without its files an Envoy is not ready, rather than ready and without routes.
    return {"path_config_source": source, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}


def _users(at: Places) -> Json:
    return {
        **_manager("ingress"),
        "rds": {"route_config_name": ROUTES, "config_source": _file(at, ROUTES_FILE)},
        "use_remote_address": True,
        "early_header_mutation_extensions": [_distrust()],
        "server_header_transformation": "PASS_THROUGH",
        "http_protocol_options": {"accept_http_10": True},
        "http2_protocol_options": {"max_concurrent_streams": 128},
        "common_http_protocol_options": {"idle_timeout": "300s"},
        "stream_idle_timeout": "60s",
        "request_timeout": "60s",
        "request_headers_timeout": "10s",
        "local_reply_config": {"body_format": {"json_format": {"error": "%LOCAL_REPLY_BODY%"}}},
        "access_log": [_counts()],
    }


def _distrust() -> Json:
    """Return what drops the headers that steer Envoy, from whatever address they come.

    And the id of the request: two that a caller gave the same id would be compared with each other in shadow.
    """
    kind = "http.early_header_mutation.header_mutation"
    steering = {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-"}}}
    mutations = [steering, {"remove": "x-request-id"}]
    return _typed(f"envoy.{kind}", f"{kind}.v3.HeaderMutation", mutations=mutations)


def _counts() -> Json:
    """Return a log that writes nothing and counts: each request once, at its end, by who answered it and how."""
    tags = {
        "arm": "%UPSTREAM_CLUSTER_RAW%",
        "tester": f"%REQ({OVERRIDE})%",
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
    }
    stat = {"name": "requests", "tags": [{"name": name, "value_format": value} for name, value in tags.items()]}
    counter = {"stat": stat, "value_fixed": 1}
    scope = {"prefix": COUNTS}
    return _typed("envoy.access_loggers.stats", "access_loggers.stats.v3.Config", stats_scope=scope, counters=[counter])


def _ops() -> Json:
    """Return what may be asked from outside of the pod: to read, and nothing else of Envoy's administration."""
    only_get = [{"name": ":method", "string_match": {"exact": "GET"}}]
    routes: list[Json] = [
        {"match": {"path": path, "headers": only_get}, "route": {"cluster": ADMIN_CLUSTER}} for path in _READABLE
    ]
    routes.append({"match": {"path": "/live", "headers": only_get}, "direct_response": {"status": 200}})
    host = {"name": "ops", "domains": ["*"], "routes": routes}
    return {**_manager("ops"), "route_config": {"name": "ops", "virtual_hosts": [host]}}


def _manager(prefix: str) -> Json:
    router = _typed("envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True)
    return {"stat_prefix": prefix, "codec_type": "AUTO", "http_filters": [router]}


def _listener(host: str, port: int, manager: Json) -> Json:
    kind = "filters.network.http_connection_manager"
    chain = _typed(f"envoy.{kind}", f"{kind}.v3.HttpConnectionManager", **manager)
    return {"address": _address(host, port), "filter_chains": [{"filters": [chain]}]}


def _admin(port: int) -> Json:
    endpoint = {"endpoint": {"address": _address("127.0.0.1", port)}}
    assignment = {"cluster_name": ADMIN_CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": ADMIN_CLUSTER, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _typed(name: str, message: str, **fields: Any) -> Json:
    return {"name": name, "typed_config": {"@type": f"{_EXTENSIONS}.{message}", **fields}}
