"""One rollout as it goes: a ModelDeployment looked at a few times a second, and clients who ask it all the while."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from tests.e2e import loading
from tests.e2e.place import Place
from tests.support import brought
from tests.support.kube import eventually
from tests.support.operator import OperatorProcess

LOOK_SECONDS = 0.25
Status = dict[str, Any]


class Course:
    """What is looked at, from the moment that the first version serves; leaving the block deletes it."""

    def __init__(self, place: Place, name: str, spec: dict[str, Any]) -> None:
        self.place = place
        self.name = name
        self._spec = spec
        self._end = threading.Event()
        self.looks: list[tuple[float, Status]] = []
        """When (seconds since 1970), and what status was then."""

    def __enter__(self) -> Course:
        self.place.kube.apply(self.place.serving(self.name, brought.MODEL, **self._spec))
        self.place.wait("ModelDeployment", self.name, "Ready", seconds=180)
        eventually("proxies lead", self._led_by_proxies, 120)
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end.set()
        self._looking.join(10)
        self.place.kube.delete("ModelDeployment", self.name)

    def ask(self, *words: str, rate: int, questions: Sequence[object], suffix: str = "") -> None:
        """Start to ask, from a pod."""
        load = ("--callers=97", *words)
        pod, body = self._load(suffix), list(questions)
        loading.start(self.place, self.name, *load, model=brought.MODEL, body=body, rate=rate, seconds=900, name=pod)

    def report(self, suffix: str = "") -> dict[str, Any]:
        """Stop asking, and return what came back."""
        return loading.stop(self.place, self._load(suffix))

    def load_phase(self, suffix: str = "") -> str:
        """Return how the pod that asks is doing."""
        found = self.place.kube.get("Pod", self._load(suffix)) or {}
        return str((found.get("status") or {}).get("phase", ""))

    def again(self, operator: OperatorProcess) -> None:
        """Start an operator that was killed."""
        operator.log.clear()
        operator.__enter__()

    def pin(self, version: str) -> None:
        """Ask for a version."""
        self.place.kube.merge("ModelDeployment", self.name, {"spec": {"version": version}})

    def annotate(self, verb: str, value: str) -> None:
        """Do as a person does."""
        change = {"metadata": {"annotations": {f"mooring.dev/{verb}": value}}}
        self.place.kube.merge("ModelDeployment", self.name, change)

    def until(self, what: str, holds: Callable[[Status], object], seconds: float) -> Status:
        """Wait for a status and return it."""
        found = lambda: (status := self.place.status("ModelDeployment", self.name)) and holds(status) and status  # noqa: E731
        status: Status = eventually(f"{self.name}: {what}", found, seconds)
        return status

    def first(self, holds: Callable[[Status], object], after: float = 0.0) -> tuple[float, Status] | None:
        """Return the first look after a moment at which something held."""
        return next(((at, status) for at, status in self.looks if at >= after and holds(status)), None)

    @property
    def largest_status(self) -> int:
        """Return the most bytes that the status had, as JSON."""
        return max(len(json.dumps(status, separators=(",", ":"))) for _, status in self.looks)

    def _look(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            self.looks.append((time.time(), self.place.status("ModelDeployment", self.name)))

    def _led_by_proxies(self) -> bool:
        service = self.place.kube.get("Service", self.name)
        return service is not None and service["spec"]["selector"]["mooring.dev/arm"].endswith("-envoy")

    def _load(self, suffix: str) -> str:
        return f"load-{self.name}{suffix}"


def outcome(status: Status) -> tuple[str, str]:
    """Return what the last rollout that ended was for, and how it ended."""
    history = status.get("history") or [{}]
    return history[0].get("to", ""), history[0].get("outcome", "")


def through(status: Status) -> float | None:
    """Return until when the evidence was counted, in seconds since 1970."""
    found = [datetime.fromisoformat(item["through"]).timestamp() for item in status.get("evidence") or ()]
    return max(found, default=None)


def judged(status: Status, check: str) -> dict[str, Any]:
    """Return what one check has shown."""
    return next((item for item in status.get("evidence") or () if item["check"] == check), {})
