"""The Jobs by which a policy looks at what only a pod may read: one for each look, whose answer is its last words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from mooring.api.base import ObjectMeta
from mooring.api.wire import EXIT_USER
from mooring.reconcile.plan import Cache, Key, Object
from mooring.reconcile.pods import read_pods
from mooring.reconcile.render import child, digest, labels, pod_spec

NO_ANSWER = "its pod ended without an answer: see kubectl describe of the Job"
_KEPT_SECONDS = 600
_RETRIES = 1
Report = TypeVar("Report")


@dataclass(frozen=True)
class LookJob:
    """A Job, and what its pods said when they ended."""

    name: str
    ended: bool
    messages: tuple[str, ...]
    """Of the newest pod first."""

    def said(self, decode: Callable[[str], Report | None]) -> Report | None:
        """Return the report of the newest pod that left one; None: none has said anything, or what was said is lost."""
        return next((report for report in map(decode, self.messages) if report is not None), None)


def jobs_of(key: Key, cache: Cache, kind: str) -> Iterator[LookJob]:
    """Yield the Jobs of a policy that look in one way."""
    pods: dict[str, list[Object]] = {}
    for pod in cache.children("Pod", key):
        pods.setdefault(pod["metadata"].get("labels", {}).get("batch.kubernetes.io/job-name", ""), []).append(pod)
    for job in cache.children("Job", key):
        name = job["metadata"]["name"]
        if name.startswith(f"{key.name}-{kind}-"):
            yield LookJob(name, _is_ended(job), _messages(pods.get(name, [])))


def job_name(policy: ObjectMeta, kind: str, *what: object) -> str:
    """Return the name of the Job of one look: the same for the same, so that a restart makes no second one."""
    return f"{policy.name}-{kind}-{digest([policy.uid, *what], 8)}"


def render_job(owner: ObjectMeta, name: str, container: Object, *, deadline_seconds: int, **pod: Any) -> dict[str, Any]:
    """Return a Job that tries twice, unless its pod says that a retry cannot help, and is gone soon after."""
    refused = {"containerName": container["name"], "operator": "In", "values": [EXIT_USER]}
    body = {
        "spec": {
            "backoffLimit": _RETRIES,
            "activeDeadlineSeconds": deadline_seconds,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": refused}]},
            "template": {
                "metadata": {"labels": labels("DriftPolicy", owner)},
                "spec": pod_spec(container, restartPolicy="Never", terminationGracePeriodSeconds=10, **pod),
            },
        }
    }
    return child("Job", name, "DriftPolicy", owner, body)


def _is_ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or []
    return any(item["type"] in ("Complete", "Failed") and item.get("status") == "True" for item in conditions)


def _messages(pods: list[Object]) -> tuple[str, ...]:
    return tuple(pod.ending.message for pod in read_pods(pods) if pod.ending is not None)
