"""A port of this machine that leads to a Service of the cluster, for as long as a block lasts."""

from __future__ import annotations

import queue
import re
import shutil
import subprocess
import threading
from types import TracebackType

from demo.errors import DemoFailed
from demo.kubectl import Kubectl

OPEN_SECONDS = 20.0
ADDRESS = "127.0.0.1"


class Forward:
    """`kubectl port-forward` on a free port of 127.0.0.1."""

    def __init__(self, kubectl: Kubectl, service: str, port: int) -> None:
        self._kubectl = kubectl
        self._arguments = ("port-forward", "--address", ADDRESS, f"svc/{service}", f":{port}")
        self.address = ""
        """HOST:PORT once it is open."""

    def __enter__(self) -> Forward:
        # Where there is setpriv, the kernel ends the child with us, however we end.
        bound = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._process = subprocess.Popen(
            [*bound, *self._kubectl.real(*self._arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._kubectl.environment(),
        )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        try:
            first = lines.get(timeout=OPEN_SECONDS)
        except queue.Empty:
            first = f"nothing within {OPEN_SECONDS:.0f} s"
        opened = re.search(rf"{ADDRESS}:\d+", first)
        if opened is None:
            self._end()
            raise DemoFailed(f"{' '.join(self._kubectl.words(*self._arguments))} said: {first.strip() or 'nothing'}")
        self.address = opened[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _read(self, lines: queue.Queue[str]) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                lines.put(line)
        lines.put("")

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
