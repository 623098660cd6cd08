"""What an Envoy answers the operator, as counts and as the split in force. Pure: the asking is elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mooring.reconcile.traffic.counts import ArmCounts, InForce, Reading
from mooring.reconcile.traffic.envoy.names import ADMIN_CLUSTER, COUNTS, arm_of

ROUTES_PATH = "/config_dump?resource=dynamic_route_configs"
STATS_PATH = f"/stats?format=prometheus&filter=%5E({COUNTS}%5C.|server%5C.uptime|cluster%5C..*%5C.membership_healthy)"
"""What to ask, in one go; the answers go into `read`."""

_LINE = re.compile(r"envoy_(\w+)\{(.*)\} (\d+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_LEFT = "DC"
"""Downstream connection termination: the caller's doing."""
_FAILURE = 500


def read(stats: str, routes: str) -> Reading:
    """Return what two answers of one Envoy say together.

    Raises ValueError where one of them is not what Envoy writes.
    """
    counts: dict[str, ArmCounts] = {}
    for arm, each in _requests(stats):
        counts[arm] = counts.get(arm, ArmCounts()) + each
    return Reading(uptime=_uptime(stats), in_force=_in_force(routes, _found(stats)), counts=counts)


def _requests(stats: str) -> Iterator[tuple[str, ArmCounts]]:
    for name, labels, value in _LINE.findall(stats):
        tags = dict(_LABEL.findall(labels))
        if name == f"{COUNTS}_requests" and not tags.get("tester") and tags.get("arm", "-") != "-":
            yield arm_of(tags["arm"]), _of(tags, int(value))


def _of(tags: Mapping[str, str], count: int) -> ArmCounts:
    flags = set(tags["flags"].split(",")) - {"-"}
    if _LEFT in flags:
        return ArmCounts(requests=count, gone=count)
    if flags:
        return ArmCounts(requests=count, unanswered=count)
    code = tags["code"]
    return ArmCounts(requests=count, failed=count if code.isdigit() and int(code) >= _FAILURE else 0)


def _uptime(stats: str) -> int:
    found = re.search(r"^envoy_server_uptime(?:\{\})? (\d+)", stats, re.MULTILINE)
    if found is None:
        raise ValueError("no uptime among Envoy's statistics")
    return int(found[1])


def _found(stats: str) -> frozenset[str]:
    """Return the arms that Envoy has pods of, to which it would send a request."""
    healthy = {
        dict(_LABEL.findall(labels))["envoy_cluster_name"]
        for name, labels, value in _LINE.findall(stats)
        if name == "cluster_membership_healthy" and value != "0"
    }
    return frozenset(name for name in healthy - {ADMIN_CLUSTER} if arm_of(name) == name)


def _in_force(routes: str, arms: frozenset[str]) -> InForce | None:
    found = next(iter(_configs(routes)), None)
    if found is None:
        return None
    actions = [route["route"] for host in found["route_config"]["virtual_hosts"] for route in host["routes"]]
    divided = [action["weighted_clusters"]["clusters"] for action in actions if "weighted_clusters" in action][-1]
    mirrors = [mirror for action in actions for mirror in action.get("request_mirror_policies", [])]
    return InForce(
        version=str(found["version_info"]),
        shares={arm_of(item["name"]): int(item["weight"]) for item in divided},
        arms=arms,
        shadow={arm_of(mirror["cluster"]): _percent(mirror) for mirror in mirrors},
    )


def _percent(mirror: Mapping[str, Any]) -> int:
    return int(mirror["runtime_fraction"]["default_value"]["numerator"])


def _configs(dump: str) -> list[Mapping[str, Any]]:
    answer = json.loads(dump)
    configs = answer.get("configs", [])
    return configs if isinstance(configs, list) else []
