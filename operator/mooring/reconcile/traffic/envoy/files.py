"""The two files that Envoy reads again while it runs, and how to tell from what it reports that it has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from mooring.reconcile.plan import Object
from mooring.reconcile.render import digest
from mooring.reconcile.traffic.envoy.clusters import Place, clusters
from mooring.reconcile.traffic.envoy.names import CLUSTERS_FILE, ROUTES_FILE
from mooring.reconcile.traffic.envoy.routes import Json, route_configuration
from mooring.reconcile.traffic.split import Split


def files(split: Split, place: Callable[[str], Place]) -> Mapping[str, str]:
    """Return the content of each file by its name; `place` says where the pods of an arm answer."""
    known, routes = clusters(split, place), _routes(split, place)
    return {CLUSTERS_FILE: _response(known), ROUTES_FILE: _response([routes])}


def version(split: Split, place: Callable[[str], Place]) -> str:
    """Return what Envoy reports of its routes once they are those of this split.

    Of the routes alone: an Envoy does not take over, nor report, a version whose routes are the ones that it has.
    """
    return _version([_routes(split, place)])


def _routes(split: Split, place: Callable[[str], Place]) -> Json:
    return route_configuration(split, [arm for arm in split.arms if place(arm).grpc is not None])


def version_of(config_map: Object) -> str | None:
    """Return the version of the routes that a ConfigMap holds: what proxies are to take over."""
    text = (config_map.get("data") or {}).get(ROUTES_FILE)
    return str(json.loads(text)["version_info"]) if text else None


def _version(resources: list[Json]) -> str:
    return digest(resources, 16)


def _response(resources: list[Json]) -> str:
    return json.dumps({"version_info": _version(resources), "resources": resources}, indent=1, sort_keys=True)
