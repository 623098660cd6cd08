"""Requests per second and CPU per request of one running server, by a plain load loop.

    python bench/serving_smoke.py --port 8080 --admin-port 8081 --path /v2/models/income/infer body.json

The server's CPU is read from its own metrics before and after, so the load loop's share of the machine does not count.
A smoke test of the speed, no comparison: pin both processes and repeat before believing the third digit.
"""

from __future__ import annotations

import argparse
import asyncio
import time
import urllib.request
from pathlib import Path

import uvloop


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    _transport: asyncio.WriteTransport

    def __init__(self, request: bytes, tally: list[float]) -> None:
        self._request = request
        self._tally = tally
        self._received = b""
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = transport  # type: ignore[assignment]  # a TCP client's
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again once the answer is whole."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.rpartition(b"content-length: ")[2]):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(self._received.decode())
        self._received = b""
        self._tally.append(time.perf_counter() - self._asked_at)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(self._request)


async def load(port: int, request: bytes, connections: int, seconds: float) -> list[float]:
    """Return how long each request took, in seconds."""
    tally: list[float] = []
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Client(request, tally), "127.0.0.1", port)
    await asyncio.sleep(seconds)
    return tally


def metric(admin_port: int, name: str) -> float:
    """Return the value of one of the server's metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def main() -> None:
    """Print one line for each number of connections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("body", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--admin-port", type=int, default=8081)
    parser.add_argument("--path", required=True)
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    body = given.body.read_bytes()
    request = f"POST {given.path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
    for connections in (1, 16, 64):
        cpu = metric(given.admin_port, "process_cpu_seconds_total")
        took = sorted(uvloop.run(load(given.port, request, connections, given.seconds)))
        cpu = metric(given.admin_port, "process_cpu_seconds_total") - cpu
        p50, p99 = took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3
        per_request = cpu / len(took) * 1e6
        rate = len(took) / given.seconds
        print(
            f"c={connections:<3} {rate:9.0f} requests/s {per_request:8.1f} µs CPU  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"
        )
    resident = metric(given.admin_port, "process_resident_memory_bytes")
    print(f"resident {resident / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
