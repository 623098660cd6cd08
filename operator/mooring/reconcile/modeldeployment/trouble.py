"""Why a version is not ready, in the words of its pods."""

from __future__ import annotations

from mooring.reconcile.conditions import shorten
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.ports import http_port, keeps_ledger
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.plan import Object
from mooring.reconcile.pods import PodSeen

_BACK_OFF = "CrashLoopBackOff"


def trouble(seen: Seen, identity: Identity) -> str | None:
    """Return what keeps a version from being ready, or None where its pods complain of nothing."""
    arm = identity.child_name(seen.deployment.metadata.name)
    kept = seen.revisions.get(arm)
    for pod in seen.pods.get(arm, []):
        said = None if pod.ready or pod.deleting else _complaint(seen, pod) or _silence(pod, kept.pod if kept else {})
        if said is not None:
            return shorten(said, 700)
    return None


def _complaint(seen: Seen, pod: PodSeen) -> str | None:
    if pod.waiting is not None and pod.waiting[0] != _BACK_OFF:
        return f"pod {pod.name}: {pod.waiting[0]}: {pod.waiting[1]}"
    if pod.ending is None:
        return None
    if pod.ending.reason == "OOMKilled":
        asked = seen.deployment.spec.resources
        limit = asked.limits.memory if asked and asked.limits else None
        hit = f"hit its memory limit of {limit}" if limit else "ran out of the node's memory"
        return f"pod {pod.name}: OOMKilled: {hit}: raise resources.limits.memory"
    said = pod.ending.last_line or f"ended with status {pod.ending.exit_code} {pod.ending.reason}"
    return f"pod {pod.name}: {said}"


def _silence(pod: PodSeen, template: Object) -> str | None:
    """Return what a server of the user's own is waited for: a wrong path or port keeps it waiting for ever."""
    containers = template.get("spec", {}).get("containers", [])
    if not pod.started or not containers or keeps_ledger(template):
        return None
    path = containers[0]["readinessProbe"]["httpGet"]["path"]
    return f"pod {pod.name}: it runs, and GET {path} on port {http_port(template)} does not answer 200 yet"
