"""What should exist for a rollout, and what should no longer."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.reconcile.modeldeployment.autoscaler import autoscaler
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.leads import lead_users, leftovers
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.modeldeployment.sight import Sight
from mooring.reconcile.modeldeployment.steps import steps_of
from mooring.reconcile.modeldeployment.template import (
    pod_template,
    render_deployment,
    render_headless,
    render_ids,
    render_revision,
    render_stable,
)
from mooring.reconcile.plan import Apply, Delete, Write


def writes(sight: Sight, rollout: Rollout) -> tuple[Write, ...]:
    """Return the writes in their order: what must run, then where users are led, then what may go."""
    seen = sight.seen
    shown = tuple(_stable(sight, rollout))
    names = {sight.arm(identity) for identity in rollout.sizes} | {item.manifest["metadata"]["name"] for item in shown}
    led = (*lead_users(sight, rollout), *autoscaler(sight, rollout))
    return (
        *([render_ids(seen)] if rollout.fresh else ()),  # before its pods look for it
        *(write for identity, pods in rollout.sizes.items() for write in _arm(seen, identity, pods)),
        *shown,
        *led,
        *_remove(seen, names),
        *leftovers(sight, led),
    )


def _arm(seen: Seen, identity: Identity, pods: int) -> Iterator[Apply]:
    version = seen.versions.get(identity.version)
    kept = seen.revisions.get(identity.child_name(seen.deployment.metadata.name))
    if version is None and kept is None:
        return  # its record and its template are gone: what runs is left as it is
    pod = kept.pod if version is None and kept else None
    if pod is None and version is not None:
        pod = pod_template(seen, version, identity)
    if pod is None:
        return
    yield Apply(render_revision(seen, identity, pod), once=True)
    yield Apply(render_headless(seen, identity))
    yield Apply(render_deployment(seen, identity, pod, pods))


def _stable(sight: Sight, rollout: Rollout) -> Iterator[Apply]:
    """Yield the Service by which shadows find what users were answered, where a step shadows."""
    if rollout.stable is not None and any(step.shadow_per_cent is not None for step in steps_of(sight.spec)):
        yield Apply(render_stable(sight.seen, identity_of(rollout.stable)))


def _remove(seen: Seen, running: set[str]) -> Iterator[Delete]:
    metadata = seen.deployment.metadata
    for name, child in sorted(seen.children.items()):
        if name not in running and not child.deleting:
            yield Delete("Deployment", metadata.namespace, name, child.uid)
    for name, uid in sorted(seen.services.items()):
        if name not in running and name != metadata.name:
            yield Delete("Service", metadata.namespace, name, uid)
    spare = [item for item in seen.revisions.values() if item.name not in running]
    spare.sort(key=lambda item: (item.created, item.name), reverse=True)
    for revision in spare[seen.deployment.spec.revision_history_limit :]:
        yield Delete("ControllerRevision", metadata.namespace, revision.name, revision.uid)
