"""The routes: which arm answers a request, what it is told of its role, and who is asked beside it."""

from __future__ import annotations

from typing import Any

from mooring.reconcile.traffic.envoy.names import (
    ANSWER_ROLE,
    CALLER,
    FORWARDED,
    OVERRIDE,
    ROLE,
    ROUTES,
    SPLIT_ROUTE,
    shadow_of,
)
from mooring.reconcile.traffic.split import Split

Json = dict[str, Any]

_TIMEOUT = "60s"
_SAFE_TO_REPEAT = "connect-failure,refused-stream,reset-before-request"
"""Only where the pod cannot have begun: a request that kills its pod must not be handed to the next one."""


def route_configuration(split: Split) -> Json:
    """Return the RouteConfiguration for a split."""
    host = {
        "name": ROUTES,
        "domains": ["*"],
        "retry_policy": _retries(),
        "routes": [*_testers(split), *_mirrored(split), _route(split, SPLIT_ROUTE, {"prefix": "/"})],
    }
    return {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": ROUTES,
        "virtual_hosts": [host],
    }


def _retries() -> Json:
    return {
        "retry_on": _SAFE_TO_REPEAT,
        "num_retries": 3,
        "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        # One that cannot be reached has the fewest requests, so it is picked again and again: ask often enough.
        "host_selection_retry_max_attempts": 20,
    }


def _testers(split: Split) -> list[Json]:
    """Return a route for each role that a tester may ask for by name; those requests are judged by nobody."""
    roles = {"stable": split.stable, "canary": split.canary}
    return [
        {
            "name": f"tester-{role}",
            "match": {"prefix": "/", "headers": [{"name": ROLE, "string_match": {"exact": role}}]},
            "route": {"cluster": arm, "timeout": _TIMEOUT},
            "request_headers_to_add": [_set(ROLE, role), _set(OVERRIDE, role)],
            "request_headers_to_remove": [FORWARDED],
            "response_headers_to_add": [_unless_there(ANSWER_ROLE, "tester")],
        }
        for role, arm in roles.items()
        if arm is not None
    ]


def _mirrored(split: Split) -> list[Json]:
    """Return the route of what a shadow is asked as well: predictions, and never the truth about them."""
    if not split.shadow_percent or split.canary is None:
        return []
    match = {
        "safe_regex": {"regex": "/.*"},
        "headers": [
            {"name": ":method", "string_match": {"exact": "POST"}},
            {
                "name": ":path",
                "string_match": {"safe_regex": {"regex": r"[^?]*/feedback(\?.*)?"}},
                "invert_match": True,
            },
        ],
    }
    route = _route(split, f"{SPLIT_ROUTE}-and-shadow", match)
    route["route"]["request_mirror_policies"] = [
        {
            "cluster": shadow_of(split.canary),
            "runtime_fraction": {"default_value": {"numerator": split.shadow_percent, "denominator": "HUNDRED"}},
            "disable_shadow_host_suffix_append": True,
            "request_headers_mutations": [{"append": _set(ROLE, "shadow")}],
        }
    ]
    return [route]


def _route(split: Split, name: str, match: Json) -> Json:
    clusters: Json = {"clusters": [_share(split, arm, share) for arm, share in split.shares.items()]}
    action: Json = {"weighted_clusters": clusters, "timeout": _TIMEOUT}
    route: Json = {"name": name, "match": match, "route": action}
    if split.sticky is not None:
        clusters["use_hash_policy"] = True
        # Hashing is of the value alone; the salt is put before it, so that each rollout draws anew.
        salted = {"pattern": {"regex": "^"}, "substitution": f"{split.salt}/"}
        action["hash_policy"] = [{"header": {"header_name": split.sticky, "regex_rewrite": salted}}]
        route["request_headers_to_add"] = [_unless_there(CALLER, f"%REQ({split.sticky})%")]
    return route


def _share(split: Split, arm: str, share: int) -> Json:
    role = "canary" if arm == split.canary else "stable"
    return {
        "name": arm,
        "weight": share,
        "request_headers_to_remove": [OVERRIDE, FORWARDED],
        "request_headers_to_add": [_set(ROLE, role)],
        "response_headers_to_add": [_unless_there(ANSWER_ROLE, role)],
    }


def _set(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _unless_there(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}
