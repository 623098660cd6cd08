"""What runs for one version: the pod template, kept as it was first rendered, its Deployment and Services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mooring.api.modelversion import ModelVersion
from mooring.reconcile.modeldeployment.builtin import ID_KEY, ids_name, stable_name
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.pod import KIND, render_pod
from mooring.reconcile.modeldeployment.ports import headless_ports, service_ports
from mooring.reconcile.modeldeployment.seen import LABEL_ARM, Seen
from mooring.reconcile.plan import Mint, Object
from mooring.reconcile.render import child


def pod_template(seen: Seen, version: ModelVersion, identity: Identity) -> Object:
    """Return the template kept under this identity, or render it for the first time."""
    name = identity.child_name(seen.deployment.metadata.name)
    kept = seen.revisions.get(name)
    return kept.pod if kept is not None and kept.pod else render_pod(seen, version, identity)


def render_ids(seen: Seen) -> Mint:
    """Return the Secret with the key of prediction ids: one for all versions, so that late truths are known."""
    owner = seen.deployment.metadata
    return Mint(child("Secret", ids_name(owner.name), KIND, owner, {}), ID_KEY)


def render_revision(seen: Seen, identity: Identity, pod: Object) -> dict[str, Any]:
    """Return the ControllerRevision that keeps a template as it was rendered."""
    owner = seen.deployment.metadata
    body = {"revision": int(identity.version.rpartition("-v")[2]), "data": {"template": pod}}
    name = identity.child_name(owner.name)
    return child("ControllerRevision", name, KIND, owner, body, version=identity.version)


def render_deployment(seen: Seen, identity: Identity, pod: Object, replicas: int) -> dict[str, Any]:
    """Return the Deployment of one version."""
    owner = seen.deployment.metadata
    name = identity.child_name(owner.name)
    body = {
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "selector": {"matchLabels": {LABEL_ARM: name}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": pod,
        }
    }
    return child("Deployment", name, KIND, owner, body, version=identity.version)


def render_headless(seen: Seen, identity: Identity) -> dict[str, Any]:
    """Return the headless Service of one version, for who must speak to that version."""
    name = identity.child_name(seen.deployment.metadata.name)
    spec = {"clusterIP": "None", "selector": {LABEL_ARM: name}, "ports": headless_ports(pod_of(seen, identity))}
    return child("Service", name, KIND, seen.deployment.metadata, {"spec": spec}, version=identity.version)


def render_stable(seen: Seen, identity: Identity) -> dict[str, Any]:
    """Return the headless Service of the stable version, for its shadows."""
    owner = seen.deployment.metadata
    selector = {LABEL_ARM: identity.child_name(owner.name)}
    spec = {"clusterIP": "None", "selector": selector, "ports": headless_ports(pod_of(seen, identity))}
    return child("Service", stable_name(owner.name), KIND, owner, {"spec": spec})


def render_service(seen: Seen, identity: Identity, selector: Mapping[str, str]) -> dict[str, Any]:
    """Return the one Service for users, with the ports of one version, leading to whoever the selector names."""
    owner = seen.deployment.metadata
    spec = {"selector": dict(selector), "ports": service_ports(pod_of(seen, identity))}
    return child("Service", owner.name, KIND, owner, {"spec": spec})


def pod_of(seen: Seen, identity: Identity) -> Object:
    """Return what is known of an arm's pods; nothing where both its record and its template are gone."""
    version = seen.versions.get(identity.version)
    if version is not None:
        return pod_template(seen, version, identity)
    kept = seen.revisions.get(identity.child_name(seen.deployment.metadata.name))
    return kept.pod if kept is not None else {}
