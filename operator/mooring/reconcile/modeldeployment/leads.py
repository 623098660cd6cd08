"""What exists so that users are led as the shares say: the users' Service, and Envoy's objects where it divides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mooring.api.rollout import GatewayReference
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.ports import grpc_port, http_port
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.seen import LABEL_ARM
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.template import pod_of, render_service
from mooring.reconcile.plan import LABEL_PART, Apply, Delete, Write
from mooring.reconcile.render import digest
from mooring.reconcile.traffic.envoy import Envoy, envoy_name, kept_pod, nudges, version_of
from mooring.reconcile.traffic.gateway import Gateway, Parent
from mooring.reconcile.traffic.provider import stale
from mooring.reconcile.traffic.replicas import Replicas
from mooring.reconcile.traffic.split import Split


def split_of(sight: Sight, rollout: Rollout) -> Split | None:
    """Return the shares in the words of the ways to divide traffic; None where nothing is served yet."""
    main = rollout.stable or rollout.canary
    if main is None:
        return None
    stable = identity_of(main)
    second = _second(rollout, stable)
    arms = [arm for arm in rollout.sizes if arm not in (stable, second)]
    canary = identity_of(rollout.canary) if rollout.canary is not None else None
    weight = rollout.weights.get(second, 0) if second is not None else 0
    begun = rollout.canary.started_at.isoformat() if rollout.canary is not None else ""
    return Split(
        stable=sight.arm(stable),
        canary=sight.arm(second) if second is not None else None,
        weight=weight,
        shadow_percent=rollout.shadow if second == canary and weight == 0 else 0,
        sticky=sight.spec.traffic.sticky_header,
        salt=digest([sight.seen.deployment.metadata.uid, begun], 8),
        idle=tuple(sorted(sight.arm(arm) for arm in arms)),
    )


def _second(rollout: Rollout, stable: Identity) -> Identity | None:
    """Return the arm beside the stable one: the one that has a share, else the canary, which is to get one."""
    sharing = next((arm for arm in rollout.weights if arm != stable), None)
    if sharing is None and rollout.canary is not None and rollout.stable is not None:
        return identity_of(rollout.canary)
    return sharing


def lead_users(sight: Sight, rollout: Rollout) -> Iterator[Write]:
    """Return the writes that put the shares into force."""
    split = split_of(sight, rollout)
    if split is None:
        return
    deployment, first = sight.seen.deployment, max(rollout.weights, key=lambda arm: rollout.weights[arm])
    selector: Mapping[str, str] = {LABEL_ARM: sight.arm(first)}
    if sight.provider == "Replicas":
        selector = Replicas().selector(deployment, split)
    if sight.provider == "Envoy" and sight.seen.config.envoy_image is not None:
        envoy = _envoy(sight, rollout, sight.seen.config.envoy_image)
        objects = envoy.objects(deployment, split)
        yield from objects
        yield from nudges(sight.seen.proxies, _version(objects), _late(sight))
        if sight.proxies_ready:  # until one is, and whenever none is, users are led past them
            selector = envoy.selector(deployment, split)
    if (gateway := sight.spec.traffic.gateway) is not None and sight.provider == "Gateway":
        yield from _gateway(sight, rollout, gateway).objects(deployment, split)
    yield Apply(render_service(sight.seen, first, selector))


def _gateway(sight: Sight, rollout: Rollout, named: GatewayReference) -> Gateway:
    arms = {sight.arm(arm): arm for arm in rollout.sizes}
    return Gateway(
        Parent(named.name, named.namespace, named.section_name, named.hostname),
        ready={name: sight.ready(arm) for name, arm in arms.items()},
        ports={name: http_port(pod_of(sight.seen, arm)) for name, arm in arms.items()},
    )


def _envoy(sight: Sight, rollout: Rollout, image: str) -> Envoy:
    name = sight.seen.deployment.metadata.name
    kept = None if rollout.fresh else kept_pod(name, sight.seen.proxy_templates)
    pods = {sight.arm(arm): pod_of(sight.seen, arm) for arm in rollout.sizes}
    ports = {arm: http_port(pod) for arm, pod in pods.items()}
    grpc_ports = {arm: port for arm, pod in pods.items() if (port := grpc_port(pod)) is not None}
    return Envoy(image=image, kept=kept, ports=ports, grpc_ports=grpc_ports)


def _version(objects: tuple[Apply, ...]) -> str:
    """Return the version that proxies are to take over."""
    return next(version_of(item.manifest) or "" for item in objects if item.manifest["kind"] == "ConfigMap")


def _late(sight: Sight) -> frozenset[str]:
    return sight.seen.traffic.late if sight.seen.traffic is not None else frozenset()


def leftovers(sight: Sight, wanted: tuple[Write, ...]) -> tuple[Delete, ...]:
    """Return the deletion of what belongs to no version and is not wanted; proxies go when nobody is led to them."""
    applied = tuple(write for write in wanted if isinstance(write, Apply))
    arm = envoy_name(sight.seen.deployment.metadata.name)
    proxies = {pod["metadata"]["name"] for pod in sight.seen.proxies}
    led = sight.seen.routed is None or sight.seen.selected == arm or proxies & sight.seen.routed
    leaving = not any(write.manifest["metadata"]["name"] == arm for write in applied)
    parts = sight.seen.parts
    if led and leaving:
        parts = tuple(part for part in parts if part["metadata"]["labels"][LABEL_PART] == "autoscaler")
    return stale(parts, applied)
