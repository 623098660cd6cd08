"""A million bad requests to a real server: what it answers, and what it weighs meanwhile.

    python -m bench.badrequests [--count 1000000] [--seed 0]

The server is the process that a pod runs, with keys off and gRPC on, on 127.0.0.1. Requests are of all kinds of
`bench.badkinds`, no two alike, most of them pipelined, every fiftieth ends its connection; one in 200 is garbage for
gRPC. It fails if an answer is no 4xx, if the process logs an error or no longer predicts, or if it weighs over 4 MiB
more at the end than when a fifth was done.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httptools
import orjson
import uvloop

from bench.badkinds import ENDS, INFER, KEPT, Bad, request
from mooring.serving.grpc.messages import SERVICE, message
from tests.unit.serving import artifacts, process, store

CONNECTIONS = 8
PIPELINED = 49
GROWTH_MIB = 4.0


@dataclass
class Target:
    """A running server."""

    port: int
    grpc_port: int
    pid: int

    @property
    def mib(self) -> float:
        """What it weighs now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4096 / 2**20


@dataclass
class Tally:
    """What came of the requests so far."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    weights: list[tuple[int, float]] = field(default_factory=list)
    """Requests sent, MiB."""

    @property
    def growth(self) -> float:
        """MiB more at the end than when a fifth was done."""
        early = next(mib for sent, mib in self.weights if sent >= self.sent / 5)
        return self.weights[-1][1] - early

    def take(self, bad: Bad, status: int, answer: bytes) -> None:
        """Count one answer."""
        self.statuses[str(status)] += 1
        if status not in bad.statuses and len(self.wrong) < 20:
            self.wrong.append(f"{status} {answer[:200]!r} to {bad.raw[:400]!r}")


class Answers:
    """Reads the answers of one connection."""

    def __init__(self) -> None:
        self.found: list[tuple[int, bytes]] = []
        self._parser = httptools.HttpResponseParser(self)
        self._body = b""

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._parser.feed_data(data)

    def on_body(self, part: bytes) -> None:
        """Collect the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """Keep the answer."""
        self.found.append((self._parser.get_status_code(), self._body))
        self._body = b""


async def converse(port: int, bads: list[Bad], tally: Tally) -> None:
    """Send requests on one connection, the last of which ends it, and count the answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = Answers()
    with suppress(ConnectionError):
        writer.write(b"".join(bad.raw for bad in bads))
        writer.write_eof()
        async with asyncio.timeout(30):
            while data := await reader.read(1 << 16):
                answers.feed(data)
    writer.close()
    expected = [bad for bad in bads if bad.statuses]
    for bad, (status, answer) in zip(expected, answers.found, strict=False):
        tally.take(bad, status, answer)
    # A reset may take along the answer to the last one, which was sent more than was read.
    if len(answers.found) not in (len(expected), len(expected) - bads[-1].ends):
        tally.wrong.append(f"{len(answers.found)} answers to {len(expected)} requests")
    tally.sent += len(bads)


async def over_grpc(channel: grpc.aio.Channel, port: int, at: random.Random, tally: Tally) -> None:
    """Send one bad call, or bytes that are no gRPC."""
    tally.sent += 1
    if at.random() < 0.2:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(at.choice([b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]) + at.randbytes(60))
        writer.close()
        return
    content = at.choice([at.randbytes(40), message("ModelInferRequest")(model_name="x").SerializeToString(), b""])
    try:
        await channel.unary_unary(f"/{SERVICE}/{at.choice(['ModelInfer', 'ModelReady', 'Nothing'])}")(
            content, timeout=at.choice([30, 30, 0.0001])
        )
    except grpc.aio.AioRpcError as error:
        code = error.code().name
        tally.statuses[code] += 1
        if code not in ("INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "DEADLINE_EXCEEDED"):
            tally.wrong.append(f"gRPC {code}: {error.details()}")


async def harass(target: Target, count: int, seed: int, tell: float = 0.1) -> Tally:
    """Send that many bad requests; weigh the server at each `tell` part of them."""
    at, tally = random.Random(seed), Tally()
    kinds, weights = list(KEPT), list(KEPT.values())

    async def work(channel: grpc.aio.Channel) -> None:
        while tally.sent < count:
            chosen = at.choices(kinds, weights, k=PIPELINED)
            bads = [kind(at) for kind in chosen]
            await converse(target.port, [*bads, at.choice(ENDS)(at)], tally)
            if at.random() < 0.25:
                await over_grpc(channel, target.grpc_port, at, tally)
            if tally.sent >= len(tally.weights) * tell * count:
                tally.weights.append((tally.sent, target.mib))
                print(f"{tally.sent:>9} requests {tally.weights[-1][1]:8.1f} MiB", flush=True)

    async with grpc.aio.insecure_channel(f"127.0.0.1:{target.grpc_port}") as channel:
        await asyncio.gather(*(work(channel) for _ in range(CONNECTIONS)))
    tally.weights.append((tally.sent, target.mib))
    return tally


async def still_predicts(target: Target) -> bool:
    """Tell whether a good request has its answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(request(INFER, orjson.dumps(artifacts.body()), "connection: close"))
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200") and b'"prediction_id"' in answer


def harassed(count: int, seed: int) -> tuple[Tally, list[str]]:
    """Start a server, harass it, and return what came of it and what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        folder = artifacts.write(Path(scratch, "bucket", "shop", "1"), "s3://models/shop/1")
        with (
            store.bucket(Path(scratch, "bucket")) as address,
            process.server(
                folder.order(maxBatchRows=100, maxBodyBytes=20_000), address, Path(scratch), MOORING_GRPC_PORT="0"
            ) as server,
        ):
            ready = server.wait_for("ready")
            port, grpc_port = (int(str(ready[name])) for name in ("port", "grpc_port"))
            target = Target(port, grpc_port, server.process.pid)
            tally = uvloop.run(harass(target, count, seed))
            trouble = list(tally.wrong)
            if not uvloop.run(still_predicts(target)):
                trouble.append("it does not predict any more")
            trouble += [f"it logged {line}" for line in server.logged()]
            return tally, trouble


def main() -> int:
    """Print the weights and what was answered; return 1 where it fails."""
    parser = argparse.ArgumentParser(prog="python -m bench.badrequests", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started = time.monotonic()
    tally, trouble = harassed(given.count, given.seed)
    print(f"{tally.sent} bad requests in {time.monotonic() - started:.0f} s: {dict(sorted(tally.statuses.items()))}")
    print(f"{tally.weights[-1][1]:.1f} MiB at the end, {tally.growth:+.1f} since a fifth was done")
    if tally.growth > GROWTH_MIB:
        trouble.append(f"it grew by {tally.growth:.1f} MiB")
    print("\n".join(trouble) or "no 5xx, no error in the log, and it still predicts")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
