"""An operator with one small planner, to show what the process does with any plan.

A TrainingJob named X gets a Service, a Deployment without replicas, a revision and a suspended Job (both made once),
a patch of the Service, and loses the revision X-0.

Its resources are of a group of their own, so that an operator that serves the whole cluster leaves them alone.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from mooring.api.config import OperatorConfig
from mooring.control.main import main
from mooring.reconcile.plan import (
    API_VERSIONS,
    LABEL_MANAGED,
    LABEL_OWNER,
    LABEL_OWNER_KIND,
    RESOURCES,
    Apply,
    Cache,
    Delete,
    Event,
    Key,
    Object,
    Patch,
    Plan,
)

GROUP = "berths.test"
VERSIONS = dict.fromkeys(RESOURCES, f"{GROUP}/v1alpha1")


class BerthPlanner:
    """Plans TrainingJobs."""

    kind = "TrainingJob"

    def plan(self, key: Key, cache: Cache, config: OperatorConfig, now: datetime) -> Plan | None:
        owner = cache.get(key.kind, key.namespace, key.name)
        if owner is None or owner["metadata"].get("deletionTimestamp"):
            return None
        deployment = cache.get("Deployment", key.namespace, key.name)
        made = deployment is not None and not deployment["metadata"].get("deletionTimestamp")
        ready = ("True", "Made", "all is made") if made else ("False", "Making", "some is not made yet")
        return Plan(
            writes=(*_children(owner), *_patches(key, cache), *_deletes(key, cache)),
            status=_status(owner, ready, now),
            events=(Event("Normal", "Made", "all is made"),) if _became_ready(owner, made) else (),
        )

    def conflict(self, key: Key, cache: Cache, taken: str, now: datetime) -> Object | None:
        owner = cache.get(key.kind, key.namespace, key.name)
        return None if owner is None else _status(owner, ("False", "NameConflict", f"{taken} is not ours"), now)


def _children(owner: Object) -> tuple[Apply, ...]:
    name = owner["metadata"]["name"]
    pod = {"metadata": {"labels": {"berth": name}}, "spec": _pod_spec(owner)}
    suspended = {"suspend": True, "template": {"spec": {**_pod_spec(owner), "restartPolicy": "Never"}}}
    selector = {"matchLabels": {"berth": name}}
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return (
        Apply(_child(owner, "ControllerRevision", f"{name}-1", revision=1, data={"made": "once"}), once=True),
        Apply(_child(owner, "Service", name, spec={"selector": {"berth": name}, "ports": ports})),
        Apply(_child(owner, "Deployment", name, spec={"replicas": 0, "selector": selector, "template": pod})),
        Apply(_child(owner, "Job", f"{name}-run", spec=suspended), once=True),
    )


def _pod_spec(owner: Object) -> dict[str, Any]:
    """Return a pod with fields that the API server spells in another way."""
    resources = {"requests": {"cpu": "0.5", "memory": "1024Mi"}}
    env = [{"name": "TARGET", "value": owner["spec"]["data"]["target"]}]
    if seed := owner["spec"].get("run", {}).get("seed"):
        env.append({"name": "SEED", "value": str(seed)})
    ports = [{"name": "http", "containerPort": 8080}]
    return {"containers": [{"name": "main", "image": "none", "resources": resources, "env": env, "ports": ports}]}


def _child(owner: Object, kind: str, name: str, **body: Any) -> Object:
    metadata = owner["metadata"]
    labels = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: "TrainingJob", LABEL_OWNER: metadata["name"]}
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": True}
    references = [{**reference, "name": metadata["name"], "uid": metadata["uid"]}]
    own = {"name": name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": references}
    return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": own, **body}


def _patches(key: Key, cache: Cache) -> tuple[Patch, ...]:
    service = cache.get("Service", key.namespace, key.name)
    if service is None:
        return ()
    body = {"metadata": {"annotations": {"berth/patched": "yes"}}}
    return (Patch("Service", key.namespace, key.name, service["metadata"]["uid"], body),)


def _deletes(key: Key, cache: Cache) -> tuple[Delete, ...]:
    old = cache.get("ControllerRevision", key.namespace, f"{key.name}-0")
    return (
        () if old is None else (Delete("ControllerRevision", key.namespace, f"{key.name}-0", old["metadata"]["uid"]),)
    )


def _status(owner: Object, ready: tuple[str, str, str], now: datetime) -> Object:
    status, reason, message = ready
    before = {item["type"]: item for item in owner.get("status", {}).get("conditions", [])}.get("Ready", {})
    since = before.get("lastTransitionTime") if before.get("status") == status else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    condition = {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": since}
    return {"observedGeneration": owner["metadata"]["generation"], "conditions": [condition]}


def _became_ready(owner: Object, made: bool) -> bool:
    conditions = owner.get("status", {}).get("conditions", [])
    return made and bool(conditions) and conditions[0]["status"] != "True"


if __name__ == "__main__":
    API_VERSIONS.update(VERSIONS)  # type: ignore[attr-defined]  # a dict, and nobody has read it yet
    sys.exit(main(planners=(BerthPlanner(),)))
