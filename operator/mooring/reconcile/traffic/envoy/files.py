"""The two files that Envoy reads again while it runs, and how to tell from what it reports that it has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from mooring.reconcile.plan import Object
from mooring.reconcile.render import digest
from mooring.reconcile.traffic.counts import InForce
from mooring.reconcile.traffic.envoy.clusters import Address, clusters
from mooring.reconcile.traffic.envoy.names import CLUSTERS_FILE, ROUTES_FILE
from mooring.reconcile.traffic.envoy.routes import Json, route_configuration
from mooring.reconcile.traffic.split import Split


def version(split: Split) -> str:
    """Return what Envoy reports of its routes once they are those of this split.

    Of the routes alone: an Envoy does not take over, nor report, a version whose routes are the ones that it has.
    """
    return digest(route_configuration(split), 16)


def is_in_force(split: Split, seen: InForce | None) -> bool:
    """Tell whether an Envoy does what a split says, and knows every arm of it."""
    return seen is not None and seen.version == version(split) and seen.arms >= set(split.arms)


def files(split: Split, address: Callable[[str], Address]) -> Mapping[str, str]:
    """Return the content of each file by its name; `address` says where an arm answers."""
    known = clusters(split, address)
    return {
        CLUSTERS_FILE: _response(digest(known, 16), known),
        ROUTES_FILE: _response(version(split), [route_configuration(split)]),
    }


def version_of(config_map: Object) -> str | None:
    """Return the version of the routes that a ConfigMap holds: what proxies are to take over."""
    text = (config_map.get("data") or {}).get(ROUTES_FILE)
    return str(json.loads(text)["version_info"]) if text else None


def _response(version_info: str, resources: list[Json]) -> str:
    return json.dumps({"version_info": version_info, "resources": resources}, indent=1, sort_keys=True)
