"""What a pod says of itself: whether it runs, what it reported, and why it does not start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mooring.reconcile.plan import Object


@dataclass(frozen=True)
class Ending:
    """How a container ended."""

    exit_code: int
    reason: str
    message: str
    """What it left as its last words, or else the end of its log."""
    at: str

    @property
    def last_line(self) -> str:
        """Return the line that says most: the last one, as in a traceback."""
        return next((line.strip() for line in reversed(self.message.splitlines()) if line.strip()), "")


@dataclass(frozen=True)
class PodSeen:
    """A pod of one container (after others that prepare its work), as plans need it."""

    name: str
    created: str
    phase: str
    ready: bool
    deleting: bool
    started: bool
    waiting: tuple[str, str] | None
    """(reason, message) of a container that cannot start, or of a pod that no node takes."""
    ending: Ending | None
    """The last time that the container ended, whether or not it was started again."""
    restarts: int = 0
    """How often it was started again."""


def parse_time(text: str | None) -> datetime | None:
    """Return a Kubernetes timestamp as a datetime, or None."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def read_pod(pod: Object) -> PodSeen:
    """Return what a Pod object says."""
    status: Mapping[str, Any] = pod.get("status") or {}
    container = _current(status)
    state: Mapping[str, Any] = container.get("state") or {}
    ending = _ending(state.get("terminated") or (container.get("lastState") or {}).get("terminated"))
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    return PodSeen(
        name=pod["metadata"]["name"],
        created=pod["metadata"].get("creationTimestamp") or "",
        phase=status.get("phase") or "Pending",
        ready=(conditions.get("Ready") or {}).get("status") == "True",
        deleting="deletionTimestamp" in pod["metadata"],
        started="running" in state or ending is not None,
        waiting=_waiting(state.get("waiting"), conditions.get("PodScheduled")),
        ending=ending,
        restarts=int(container.get("restartCount", 0)),
    )


def read_pods(pods: Iterable[Object]) -> list[PodSeen]:
    """Return pods, newest first."""
    return sorted(map(read_pod, pods), key=lambda pod: (pod.created, pod.name), reverse=True)


def _current(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the status of the container that the pod is about: one that prepares, until it has done so."""
    preparing: list[Mapping[str, Any]] = status.get("initContainerStatuses") or []
    working: list[Mapping[str, Any]] = status.get("containerStatuses") or []
    return next((one for one in preparing if not one.get("ready")), working[0] if working else {})


def _ending(terminated: Mapping[str, Any] | None) -> Ending | None:
    if not terminated:
        return None
    return Ending(
        exit_code=int(terminated.get("exitCode", 0)),
        reason=terminated.get("reason") or "",
        message=terminated.get("message") or "",
        at=terminated.get("finishedAt") or "",
    )


def _waiting(waiting: Mapping[str, Any] | None, scheduled: Mapping[str, Any] | None) -> tuple[str, str] | None:
    if scheduled is not None and scheduled.get("status") == "False":
        return "Unschedulable", scheduled.get("message") or "no node has room"
    reason = (waiting or {}).get("reason") or ""
    if waiting is None or reason in {"", "ContainerCreating", "PodInitializing"}:
        return None
    return reason, waiting.get("message") or ""
