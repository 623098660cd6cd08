"""The routes: which arm answers a request, what it is told of its role, and who is asked beside it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mooring.reconcile.traffic.envoy.names import (
    ANSWER_ROLE,
    CALLER,
    FORWARDED,
    OVERRIDE,
    ROLE,
    ROUTES,
    grpc_of,
    shadow_of,
)
from mooring.reconcile.traffic.split import Split

Json = dict[str, Any]

_TIMEOUT = "60s"
_FEEDBACK = r"[^?]*/feedback(\?.*)?"
_SAFE_TO_REPEAT = "connect-failure,refused-stream,reset-before-request"
"""Only where the pod cannot have begun: a request that kills its pod must not be handed to the next one."""


def route_configuration(split: Split, speak_grpc: Collection[str] = ()) -> Json:
    """Return the RouteConfiguration for a split; `speak_grpc` are the arms that can be asked over gRPC."""
    answers = set(split.shares) | ({split.canary} if split.canary else set())
    both = [_Http(split)] if not answers & set(speak_grpc) else [_Grpc(split, frozenset(speak_grpc)), _Http(split)]
    host = {
        "name": ROUTES,
        "domains": ["*"],
        "retry_policy": _retries(),
        "routes": [route for protocol in both for route in protocol.routes()],
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


@dataclass(frozen=True)
class _Http:
    """The routes of requests over plain HTTP, and what those over gRPC have in common with them."""

    split: Split

    @property
    def everything(self) -> Json:
        """What matches all requests."""
        return {"prefix": "/"}

    @property
    def predictions(self) -> Json:
        """What matches the requests that a shadow is asked as well, and never the truth about them."""
        return {
            "prefix": "/",
            "headers": [
                {"name": ":method", "string_match": {"exact": "POST"}},
                {"name": ":path", "string_match": {"safe_regex": {"regex": _FEEDBACK}}, "invert_match": True},
            ],
        }

    def speaks(self, arm: str) -> bool:
        """Tell whether an arm can be asked so."""
        return True

    def cluster(self, arm: str) -> str:
        """Return the cluster by which it is asked."""
        return arm

    def routes(self) -> list[Json]:
        """Return the routes; the first that matches counts."""
        mirrored = [self._mirrored(self.split.canary)] if self.split.canary and self._is_shadowed() else []
        return [*self._testers(), *mirrored, self._divided(self.everything)]

    def _is_shadowed(self) -> bool:
        return self.split.shadow_percent > 0 and self.split.canary is not None and self.speaks(self.split.canary)

    def _testers(self) -> list[Json]:
        """Return a route for each role that a tester may ask for by name; those requests are judged by nobody."""
        roles = {"stable": self.split.stable, "canary": self.split.canary}
        return [
            {
                "match": self.everything | {"headers": [{"name": ROLE, "string_match": {"exact": role}}]},
                "route": {"cluster": self.cluster(arm), "timeout": _TIMEOUT},
                "request_headers_to_add": [_set(ROLE, role), _set(OVERRIDE, role)],
                "request_headers_to_remove": [FORWARDED],
                "response_headers_to_add": [_unless_there(ANSWER_ROLE, "tester")],
            }
            for role, arm in roles.items()
            if arm is not None and self.speaks(arm)
        ]

    def _mirrored(self, canary: str) -> Json:
        route = self._divided(self.predictions)
        percent = {"numerator": self.split.shadow_percent, "denominator": "HUNDRED"}
        route["route"]["request_mirror_policies"] = [
            {
                "cluster": shadow_of(self.cluster(canary)),
                "runtime_fraction": {"default_value": percent},
                "disable_shadow_host_suffix_append": True,
                "request_headers_mutations": [{"append": _set(ROLE, "shadow")}],
            }
        ]
        return route

    def _divided(self, match: Json) -> Json:
        shares = [self._share(arm, share) for arm, share in self.split.shares.items() if self.speaks(arm)]
        clusters: Json = {"clusters": shares or [self._share(self.split.stable, 100)]}
        action: Json = {"weighted_clusters": clusters, "timeout": _TIMEOUT}
        route: Json = {"match": match, "route": action}
        if self.split.sticky is not None:
            clusters["use_hash_policy"] = True
            # Hashing is of the value alone; the salt is put before it, so that each rollout draws anew.
            salted = {"pattern": {"regex": "^"}, "substitution": f"{self.split.salt}/"}
            action["hash_policy"] = [{"header": {"header_name": self.split.sticky, "regex_rewrite": salted}}]
            route["request_headers_to_add"] = [_unless_there(CALLER, f"%REQ({self.split.sticky})%")]
        return route

    def _share(self, arm: str, share: int) -> Json:
        role = "canary" if arm == self.split.canary else "stable"
        return {
            "name": self.cluster(arm),
            "weight": share,
            "request_headers_to_remove": [OVERRIDE, FORWARDED],
            "request_headers_to_add": [_set(ROLE, role)],
            "response_headers_to_add": [_unless_there(ANSWER_ROLE, role)],
        }


@dataclass(frozen=True)
class _Grpc(_Http):
    """The routes of requests over gRPC: told by their content type, and answered on a port of their own."""

    speak: frozenset[str]

    @property
    def everything(self) -> Json:
        """What matches all requests."""
        return {"prefix": "/", "grpc": {}}

    @property
    def predictions(self) -> Json:
        """What matches predictions."""
        return {"path": "/inference.GRPCInferenceService/ModelInfer", "grpc": {}}

    def speaks(self, arm: str) -> bool:
        """Tell whether an arm can be asked so."""
        return arm in self.speak

    def cluster(self, arm: str) -> str:
        """Return the cluster by which it is asked."""
        return grpc_of(arm)


def _set(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _unless_there(name: str, value: str) -> Json:
    return {"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"}
