"""The real server as a process of its own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "operator"
DEADLINE = 30.0


@dataclass
class Server:
    """A running server and what it has logged."""

    process: subprocess.Popen[str]
    termination: Path
    lines: list[dict[str, object]] = field(default_factory=list)
    _arrived: queue.Queue[dict[str, object]] = field(default_factory=queue.Queue)

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            line = json.loads(text) if text.startswith("{") else {"message": text}
            self._arrived.put(line)

    def wait_for(self, message: str) -> dict[str, object]:
        """Return the next log line with this message."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                line = self._arrived.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {message!r} among {self.lines}, exit {self.process.poll()}") from None
            self.lines.append(line)
            if line["message"] == message:
                return line

    def logged(self, worst: str = "warning") -> list[dict[str, object]]:
        """Return the lines so far that tell of trouble, with tracebacks and what is no line of ours."""
        while not self._arrived.empty():
            self.lines.append(self._arrived.get_nowait())
        return [line for line in self.lines if line.get("level", worst) != "info"]

    def ready(self) -> tuple[int, int]:
        """Return the serving port and the admin port once predictions are answered."""
        line = self.wait_for("ready")
        return int(str(line["port"])), int(str(line["admin_port"]))

    def exit_status(self) -> int:
        return self.process.wait(DEADLINE)

    def last_words(self) -> str:
        return self.termination.read_text() if self.termination.exists() else ""


@contextmanager
def server(order: str, store: str, scratch: Path, **environment: str) -> Iterator[Server]:
    """Run `python -m mooring.serving` with ports of its own."""
    termination = scratch / f"termination-{time.monotonic_ns()}"
    variables = {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        # Where bytecode may not lie beside the sources, each start would compile scikit-learn anew.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "mooring-tests-bytecode"),
        "MOORING_SERVE_ORDER": order,
        "MOORING_PORT": "0",
        "MOORING_ADMIN_PORT": "0",
        "MOORING_TERMINATION_PATH": str(termination),
        "MOORING_ARTIFACT_AWS_ENDPOINT_URL": store,
        "MOORING_ARTIFACT_AWS_ACCESS_KEY_ID": "key",
        "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY": "secret",
        **environment,
    }
    command = [sys.executable, "-m", "mooring.serving"]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        running = Server(process, termination)
        threading.Thread(target=running.read_log, daemon=True).start()
        try:
            yield running
        finally:
            process.kill()
