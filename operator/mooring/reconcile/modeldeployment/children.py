"""What should exist for a rollout, and what should no longer."""

from __future__ import annotations

from collections.abc import Iterator

from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.rollout import Rollout, identity_of
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.modeldeployment.template import (
    pod_template,
    render_deployment,
    render_headless,
    render_ids,
    render_revision,
    render_service,
)
from mooring.reconcile.plan import Apply, Delete, Mint


def writes(seen: Seen, rollout: Rollout) -> tuple[Apply | Delete | Mint, ...]:
    """Return the writes in their order: what must run, then where users are led, then what may go."""
    running = _running(rollout)
    names = {identity.child_name(seen.deployment.metadata.name) for identity in running}
    return (
        *_ids(seen, rollout),
        *(write for identity in running for write in _arm(seen, identity)),
        *_route(seen, rollout),
        *_remove(seen, names),
    )


def _ids(seen: Seen, rollout: Rollout) -> Iterator[Mint]:
    """Ask for the key of prediction ids whenever a version begins, before its pods look for it."""
    before, now = seen.deployment.status.candidate, rollout.candidate
    if now is not None and (before is None or identity_of(before) != identity_of(now)):
        yield render_ids(seen)


def _running(rollout: Rollout) -> list[Identity]:
    arms = [identity_of(arm) for arm in (rollout.stable, rollout.candidate) if arm is not None]
    return [*arms, *(identity_of(entry) for entry in rollout.draining)]


def _arm(seen: Seen, identity: Identity) -> Iterator[Apply]:
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
    yield Apply(render_deployment(seen, identity, pod, seen.deployment.spec.replicas))


def _route(seen: Seen, rollout: Rollout) -> Iterator[Apply]:
    arm = rollout.stable or rollout.candidate
    if arm is not None:
        yield Apply(render_service(seen, identity_of(arm)))


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
