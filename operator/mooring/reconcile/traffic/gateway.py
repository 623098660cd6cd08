"""Dividing by the user's own Gateway: one HTTPRoute of ours, of which only our fields are ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.wire import SERVING_PORT
from mooring.reconcile.plan import LABEL_ARM, Apply, Object
from mooring.reconcile.render import child
from mooring.reconcile.traffic.provider import Abilities
from mooring.reconcile.traffic.split import ProviderName, Split

KIND = "ModelDeployment"
GROUP = "gateway.networking.k8s.io"
_ROLE, _OVERRIDE, _FORWARDED = "x-mooring-role", "x-mooring-override", "x-mooring-forwarded"


@dataclass(frozen=True)
class Parent:
    """The Gateway that a ModelDeployment names."""

    name: str
    namespace: str | None = None
    """None: the ModelDeployment's own."""
    section: str | None = None
    """The listener; None: all of them."""
    hostname: str | None = None
    """None: those of the listener."""


@dataclass(frozen=True)
class Gateway:
    """A route on a Gateway that somebody else runs."""

    parent: Parent
    ready: Mapping[str, int] | None = None
    """Ready pods by arm: one without any is left out, since its share would be answered 503. None: not known."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """The ports of the arms' Services, if others than that of Mooring's own server."""

    @property
    def name(self) -> ProviderName:
        """What a ModelDeployment calls it."""
        return "Gateway"

    @property
    def abilities(self) -> Abilities:
        """What every implementation can do: dividing. Shadows and sticking are not in the core of the API."""
        return Abilities(can_shadow=False, can_stick=False, can_count=False)

    def selector(self, deployment: ModelDeployment, split: Split) -> Mapping[str, str]:
        """Return the labels of the arm that most requests go to: callers inside the cluster pass no Gateway."""
        return {LABEL_ARM: max(split.shares, key=lambda arm: split.shares[arm])}

    def objects(self, deployment: ModelDeployment, split: Split) -> tuple[Apply, ...]:
        """Return the route."""
        spec: dict[str, Any] = {
            "parentRefs": [self._parent_reference(deployment.metadata.namespace)],
            "rules": [self._divided(split), *self._testers(split)],
        }
        if self.parent.hostname is not None:
            spec["hostnames"] = [self.parent.hostname]
        route = child("HTTPRoute", deployment.metadata.name, KIND, deployment.metadata, {"spec": spec}, part="route")
        return (Apply(route),)

    def _parent_reference(self, namespace: str) -> dict[str, Any]:
        named = {"group": GROUP, "kind": "Gateway", "name": self.parent.name}
        named["namespace"] = self.parent.namespace or namespace
        return named | ({"sectionName": self.parent.section} if self.parent.section else {})

    def _divided(self, split: Split) -> dict[str, Any]:
        """Return the rule for everybody, always in the same place and with nothing said of a single backend.

        A controller may give a rule's place, and each backend with filters of its own, a cluster that a change takes
        away before the routes that name it (Envoy Gateway does: a few answers of 500 at each). So no role is set here:
        whose answers they are is known by the pods.
        """
        shares = {arm: share for arm, share in split.shares.items() if self.ready is None or self.ready.get(arm)}
        backends = [self._backend(arm, share) for arm, share in (shares or split.shares).items()]
        return _rule([{"path": _ANY_PATH}], backends, {"remove": [_ROLE, _OVERRIDE, _FORWARDED]})

    def _testers(self, split: Split) -> Iterator[dict[str, Any]]:
        for role, arm in (("stable", split.stable), ("canary", split.canary)):
            if arm is not None:
                matches = [{"path": _ANY_PATH, "headers": [{"type": "Exact", "name": _ROLE, "value": role}]}]
                told = [{"name": _ROLE, "value": role}, {"name": _OVERRIDE, "value": role}]
                yield _rule(matches, [self._backend(arm, 1)], {"set": told, "remove": [_FORWARDED]})

    def _backend(self, arm: str, weight: int) -> dict[str, Any]:
        port = self.ports.get(arm, SERVING_PORT)
        return {"group": "", "kind": "Service", "name": arm, "port": port, "weight": weight}


def _rule(matches: list[dict[str, Any]], backends: list[dict[str, Any]], headers: Mapping[str, Any]) -> dict[str, Any]:
    modifier = {"type": "RequestHeaderModifier", "requestHeaderModifier": dict(headers)}
    return {"matches": matches, "filters": [modifier], "backendRefs": backends}


_ANY_PATH = {"type": "PathPrefix", "value": "/"}

Standing = Literal["Accepted", "Waiting", "Refused"]


def standing(route: Object | None) -> tuple[Standing, str]:
    """Return whether every Gateway that a route names has taken over its present generation, and what it says.

    Only then may a weight be counted upon, and even then it is for the ledgers to say what came of it.
    """
    if route is None:
        return "Waiting", "the HTTPRoute is not there yet"
    parents = (route.get("status") or {}).get("parents") or []
    named = [_place(reference) for reference in route["spec"]["parentRefs"]]
    answered = [parent for parent in parents if _place(parent["parentRef"]) in named]
    if not answered:
        return "Waiting", "no Gateway controller has answered: is there a Gateway of this name, and does it run?"
    verdicts = [_verdict(parent, int(route["metadata"].get("generation", 0))) for parent in answered]
    return min(verdicts, key=lambda verdict: ("Refused", "Waiting", "Accepted").index(verdict[0]))


def _place(reference: Mapping[str, Any]) -> tuple[str, ...]:
    return reference.get("namespace") or "", reference["name"], reference.get("sectionName") or ""


def _verdict(parent: Mapping[str, Any], generation: int) -> tuple[Standing, str]:
    conditions = {item["type"]: item for item in parent.get("conditions") or []}
    for kind in ("Accepted", "ResolvedRefs"):
        said = conditions.get(kind)
        if said is None or said.get("observedGeneration", 0) < generation:
            return "Waiting", f"the Gateway has not said {kind} of the present route"
        if said["status"] != "True":
            return "Refused", f"{said.get('reason', kind)}: {said.get('message', '')}"
    return "Accepted", "the Gateway has taken the route over"
