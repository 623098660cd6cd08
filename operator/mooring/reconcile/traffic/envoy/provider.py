"""Envoy as a way to divide traffic: its objects in the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.wire import SERVING_PORT
from mooring.reconcile.plan import LABEL_ARM, LABEL_OWNER, LABEL_OWNER_KIND, LABEL_PART, Apply, Object
from mooring.reconcile.render import child, digest
from mooring.reconcile.traffic.envoy.clusters import Place
from mooring.reconcile.traffic.envoy.files import files
from mooring.reconcile.traffic.envoy.names import GRPC_PORT, HTTP_PORT, OPS_PORT
from mooring.reconcile.traffic.envoy.pods import KIND, envoy_name, pod_labels, render_pod
from mooring.reconcile.traffic.provider import Abilities
from mooring.reconcile.traffic.split import ProviderName, Split

OPERATOR_LABELS = {"app.kubernetes.io/name": "mooring-operator"}
_TWO = 2


class Revision(Protocol):
    """A kept template, as plans see it."""

    @property
    def name(self) -> str:
        """Of the ControllerRevision."""

    @property
    def created(self) -> str:
        """When, as Kubernetes writes it."""

    @property
    def pod(self) -> Object:
        """The template."""


def kept_pod(deployment: str, revisions: Iterable[Revision]) -> Object | None:
    """Return the template that Envoy's pods were made from, so that a new operator restarts none of them."""
    prefix = f"{envoy_name(deployment)}-"
    ours = sorted((item.created, item.name, item) for item in revisions if item.name.startswith(prefix))
    return ours[-1][2].pod if ours else None


@dataclass(frozen=True)
class Envoy:
    """Pods of the ModelDeployment's own that divide its traffic."""

    image: str
    """For a template that is made now."""
    kept: Object | None = None
    """The template to go on with (`kept_pod`). None where there is none, and to renew it as a rollout begins."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Where an arm's pods answer HTTP, if elsewhere than Mooring's own server."""
    grpc_ports: Mapping[str, int] = field(default_factory=dict)
    """Where those that answer gRPC do."""

    @property
    def name(self) -> ProviderName:
        """What a ModelDeployment calls it."""
        return "Envoy"

    @property
    def abilities(self) -> Abilities:
        """All."""
        return Abilities(can_shadow=True, can_stick=True, can_count=True)

    def selector(self, deployment: ModelDeployment, split: Split) -> Mapping[str, str]:
        """Return the labels of Envoy's pods, whatever the split is."""
        return {LABEL_ARM: envoy_name(deployment.metadata.name)}

    def objects(self, deployment: ModelDeployment, split: Split) -> tuple[Apply, ...]:
        """Return the files first, and then who reads them."""
        pod = self.kept or render_pod(deployment, self.image)
        return (
            Apply(_object(deployment, "ConfigMap", {"data": dict(files(split, self.place))})),
            Apply(_revision(deployment, pod), once=True),
            Apply(_object(deployment, "NetworkPolicy", {"spec": self._network(deployment, split)})),
            Apply(_object(deployment, "Deployment", {"spec": _deployment(deployment, pod)})),
            *_budget(deployment),
        )

    def place(self, arm: str) -> Place:
        """Return where an arm answers: its headless Service, by the short name that the first search domain completes.

        Behind a headless Service there is no translation of ports.
        """
        return Place(arm, self.ports.get(arm, SERVING_PORT), self.grpc_ports.get(arm))

    def _network(self, deployment: ModelDeployment, split: Split) -> dict[str, Any]:
        owner = {LABEL_OWNER_KIND: KIND, LABEL_OWNER: deployment.metadata.name}
        operator = {"podSelector": {"matchLabels": OPERATOR_LABELS}, "namespaceSelector": {}}
        places = [self.place(arm) for arm in split.arms]
        ports = sorted({place.http for place in places} | {place.grpc for place in places if place.grpc is not None})
        return {
            "podSelector": {"matchLabels": {LABEL_ARM: envoy_name(deployment.metadata.name)}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_tcp(HTTP_PORT), _tcp(GRPC_PORT)]}, {"ports": [_tcp(OPS_PORT)], "from": [operator]}],
            "egress": [
                {"ports": [_tcp(port) for port in ports], "to": [{"podSelector": {"matchLabels": owner}}]},
                {"ports": [_tcp(53), {"port": 53, "protocol": "UDP"}]},
            ],
        }


def _tcp(port: int) -> dict[str, Any]:
    return {"port": port, "protocol": "TCP"}


def _object(deployment: ModelDeployment, kind: str, body: Mapping[str, Any], name: str | None = None) -> dict[str, Any]:
    owner = deployment.metadata
    return child(kind, name or envoy_name(owner.name), KIND, owner, body, part="envoy")


def _revision(deployment: ModelDeployment, pod: Object) -> dict[str, Any]:
    name = f"{envoy_name(deployment.metadata.name)}-{digest(pod, 8)}"
    return _object(deployment, "ControllerRevision", {"revision": 1, "data": {"template": pod}}, name)


def _deployment(deployment: ModelDeployment, pod: Object) -> dict[str, Any]:
    return {
        "replicas": min(max(deployment.spec.replicas, 1), _TWO),
        "revisionHistoryLimit": 0,
        "selector": {"matchLabels": {LABEL_ARM: pod_labels(deployment)[LABEL_ARM]}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": pod,
    }


def _budget(deployment: ModelDeployment) -> tuple[Apply, ...]:
    """Return that one of two may be evicted at a time; one alone must not hold up a node's upgrade for ever."""
    if deployment.spec.replicas < _TWO:
        return ()
    selector = {"matchLabels": {LABEL_ARM: envoy_name(deployment.metadata.name), LABEL_PART: "envoy"}}
    return (Apply(_object(deployment, "PodDisruptionBudget", {"spec": {"maxUnavailable": 1, "selector": selector}})),)
