"""When objects appear: a watch that notes the time at which each was first told of."""

from __future__ import annotations

import subprocess
import threading
import time
from types import TracebackType

from demo.errors import DemoFailed
from demo.kubectl import Kubectl


class Watch:
    """`kubectl get KIND --watch` for as long as a block lasts."""

    def __init__(self, kubectl: Kubectl, kind: str) -> None:
        self._kubectl = kubectl
        self._kind = kind
        self._seen: dict[str, float] = {}
        self._news = threading.Condition()

    def __enter__(self) -> Watch:
        self._process = subprocess.Popen(
            self._kubectl.real("get", self._kind, "--watch", "-o", "name"),
            stdout=subprocess.PIPE,
            text=True,
            env=self._kubectl.environment(),
        )
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(5)

    def first(self, seconds: float) -> float:
        """Return when (by time.monotonic) the first object was told of; raises DemoFailed after `seconds`."""
        with self._news:
            if not self._news.wait_for(lambda: self._seen, seconds):
                raise DemoFailed(f"no {self._kind} within {seconds:.0f} s", *self._look_at())
            return min(self._seen.values())

    def _look_at(self) -> tuple[str, ...]:
        return (f"kubectl -n {self._kubectl.namespace} describe trainingjobs",)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._news:
                self._seen.setdefault(line.strip(), time.monotonic())
                self._news.notify_all()
