"""The operator as a process, as it runs in a pod."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.kube import ROOT, eventually

_SAMPLE = re.compile(r"^(mooring_\w+?)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def _compiled() -> dict[str, str]:
    """Return what lets processes share compiled modules, which makes half of the time that a start takes."""
    folder = Path(tempfile.gettempdir()) / "mooring-tests-compiled"
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}


class OperatorProcess:
    """Start `python -m mooring.control` against a cluster; leaving the block ends it with SIGTERM.

    `module` is another main with the same command line, such as one with planners of a test's own.
    """

    def __init__(
        self,
        kubeconfig: str,
        namespaces: Sequence[str],
        config: Mapping[str, Any] | None = None,
        *,
        arguments: Sequence[str] = ("--no-lease",),
        module: str = "mooring.control",
        environment: Mapping[str, str] | None = None,
        wait_ready: bool = True,
    ) -> None:
        self._config = {"runtimeImage": "mooring-runtime:test", "namespaces": list(namespaces), **(config or {})}
        self._arguments = ["--kubeconfig", kubeconfig, "--host", "127.0.0.1", "--port", "0", *arguments]
        self._module = module
        self._environment = {**os.environ, **_compiled(), "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
        self._environment |= environment or {}
        self._wait_ready = wait_ready
        self._folder = tempfile.TemporaryDirectory()
        self.log: list[str] = []

    def __enter__(self) -> OperatorProcess:
        path = Path(self._folder.name) / "config.yaml"
        path.write_text(yaml.safe_dump(self._config))
        command = [sys.executable, "-m", self._module, "--config", str(path), *self._arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self._environment, cwd=ROOT
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if self._wait_ready:
            try:
                eventually("the operator is ready", self.is_ready, seconds=30)
            except BaseException as error:
                self.__exit__(type(error), error, None)
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self._reader.join(5)
        self._folder.cleanup()
        if error is not None:
            print("\n".join(self.log[-100:]))

    def kill(self) -> None:
        """End the process as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def entries(self) -> list[dict[str, Any]]:
        """Return the log, an object a line."""
        return [json.loads(line) for line in list(self.log) if line.startswith("{")]

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and text of a page of the probes' server; status 0 where nothing answers."""
        if (port := self._port()) is None:
            assert self.process.poll() is None, "the operator ended:\n" + "\n".join(self.log[-50:])
            return 0, ""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            assert self.process.poll() is None, "the operator ended:\n" + "\n".join(self.log[-50:])
            return 0, ""

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def leads(self) -> bool:
        return self.metric("leader") == 1

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric over all series that carry these labels."""
        total = 0.0
        for found, series, value in _SAMPLE.findall(self.get("/metrics")[1]):
            if found == f"mooring_{name}" and labels.items() <= dict(_LABEL.findall(series)).items():
                total += float(value)
        return total

    def writes(self) -> float:
        return self.metric("writes_total")

    def looks(self) -> float:
        """Return how many reconciles there were."""
        return self.metric("reconciles_total")

    def rss_bytes(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        return 0

    def _port(self) -> int | None:
        return next((entry["port"] for entry in self.entries()[:20] if "port" in entry), None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))
