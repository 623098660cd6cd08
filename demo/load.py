"""Ask a model for predictions over many connections, and count what comes back.

One file that needs nothing but Python, so that it runs in any pod:

    python3 load.py http://income.mooring-demo.svc/v2/models/income/infer request.json --seconds 60

Half of the connections are kept open, the other half are made anew for each request (with --fresh: all of them). No
request is ever repeated: what fails is counted, by kind. It ends by itself after --seconds or --requests, or at
SIGTERM, and then prints one line of JSON (a `Report`).

The file is one request's body, or a list of {"body": …, "truth": …} that are asked in turn. With --callers 97 as many
callers ask (`x-mooring-caller`), in turn too. With --feedback 0 the truth of each answer is told at once, with
--feedback 30 half a minute later.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

MOST_SECONDS = 3600.0
MOST_REQUESTS = 2_000_000
FAILURES_TOLD = 5
TRUTHS_AT_ONCE = 2000
TRUTHS_SECONDS = 0.5
"""Between two posts of truths."""


@dataclasses.dataclass(frozen=True)
class Question:
    """What may be asked, and the truth about its first row, if it is known."""

    body: bytes
    truth: object = None


@dataclasses.dataclass(frozen=True)
class Settings:
    """What to ask, and how much."""

    url: str
    questions: Sequence[Question]
    connections: int = 8
    seconds: float = 60.0
    requests: int = 100_000
    rate: float = 0.0
    """Requests per second, of all connections together; 0: as many as are answered."""
    fresh: bool = False
    """No connection is kept."""
    timeout: float = 10.0
    """Seconds after which a request counts as failed."""
    callers: int = 0
    """How many callers there are; 0: they say no name."""
    feedback: float | None = None
    """Seconds after an answer its truth is told; None: never."""


@dataclasses.dataclass
class Report:
    """What came back. Times are in seconds since the start, latencies in milliseconds."""

    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    failures: dict[str, int] = dataclasses.field(default_factory=dict)
    versions: dict[str, int] = dataclasses.field(default_factory=dict)
    latency: dict[str, float] = dataclasses.field(default_factory=dict)
    timeline: list[dict[str, int]] = dataclasses.field(default_factory=list)
    """Of each second that saw an answer: `second`, and how many answers of each version (and `failed`) came in it."""
    first_failures: list[str] = dataclasses.field(default_factory=list)
    """The first few of each kind, with when and on what kind of connection."""
    began: float = 0.0
    """Seconds since 1970."""
    first: dict[str, float] = dataclasses.field(default_factory=dict)
    """When the first answer of each version, and the first failure of each kind, was there."""
    truths: dict[str, int] = dataclasses.field(default_factory=dict)
    """What became of the truths that were told: `accepted`, `duplicate`, `refused`, or `failed` to be told."""


class Load:
    """Asks until told to stop."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path = parts.path or "/"
        self._truths: deque[tuple[float, str, object]] = deque()
        self._settings = settings
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._started = 0.0
        self._sent = 0
        self._latencies: list[float] = []
        self._seconds: dict[int, Counter[str]] = {}
        self._report = Report()

    def stop(self) -> None:
        """End soon: requests under way are still answered."""
        self._stop.set()

    def run(self) -> Report:
        """Ask until the end, and return what came back."""
        self._started, self._report.began = time.monotonic(), time.time()
        count = self._settings.connections
        threads = [
            threading.Thread(
                target=self._connection, args=(number, number % 2 == 0 and not self._settings.fresh), daemon=True
            )
            for number in range(count)
        ]
        if self._settings.feedback is not None:
            threads.append(threading.Thread(target=self._teller, daemon=True))
        for thread in threads:
            thread.start()
        # Not a wait: a signal's handler may set the event only while this thread does not hold its lock.
        while not self._stop.is_set() and time.monotonic() < self._started + self._settings.seconds:
            time.sleep(0.05)
        self._stop.set()
        deadline = time.monotonic() + 2 * self._settings.timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return self._finish()

    def _finish(self) -> Report:
        with self._lock:
            report = self._report
            report.seconds = round(time.monotonic() - self._started, 3)
            ordered = sorted(self._latencies)
            if ordered:
                for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
                    place = min(len(ordered) - 1, int(share * len(ordered)))
                    report.latency[name] = round(1000 * ordered[place], 2)
            report.timeline = [{"second": second, **counts} for second, counts in sorted(self._seconds.items())]
            return report

    def _connection(self, number: int, keep: bool) -> None:
        settings = self._settings
        pause = settings.connections / settings.rate if settings.rate else 0.0
        due = self._started + pause * number / settings.connections
        connection: http.client.HTTPConnection | None = None
        while (turn := self._turn(due)) is not None:
            due = max(due + pause, time.monotonic() - pause)
            connection = connection or http.client.HTTPConnection(self._host, self._port, timeout=settings.timeout)
            if not self._ask(connection, keep, turn) or not keep:
                connection.close()
                connection = None

    def _turn(self, due: float) -> int | None:
        """Wait until a request is due and return its number, or None at the end."""
        if self._stop.wait(max(0.0, due - time.monotonic())):
            return None
        with self._lock:
            if self._sent >= self._settings.requests:
                self._stop.set()
                return None
            self._sent += 1
            return self._sent - 1

    def _ask(self, connection: http.client.HTTPConnection, keep: bool, turn: int) -> bool:
        """Send one request and note its end; returns whether the connection may be used again."""
        settings, began = self._settings, time.monotonic()
        question = settings.questions[turn % len(settings.questions)]
        headers = {"content-type": "application/json", "connection": "keep-alive" if keep else "close"}
        if settings.callers:  # one further with each round, so that every caller comes to ask everything
            headers["x-mooring-caller"] = f"caller-{(turn + turn // len(settings.questions)) % settings.callers}"
        try:
            connection.request("POST", self._path, question.body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kind = "" if answer.status == http.client.OK else _refusal(answer)
            found = {} if kind else json.loads(content)
            version = "" if kind else str(found["model_version"])
            if version and settings.feedback is not None and question.truth is not None:
                due = time.monotonic() + settings.feedback
                self._truths.append((due, str(found["parameters"]["prediction_id"]), question.truth))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            self._note(began, "", _kind(error), keep)
            return False
        self._note(began, version, kind, keep)
        return not answer.will_close

    def _teller(self) -> None:
        """Tell truths as they fall due, many at once; those that are not due at the end stay untold."""
        while not self._stop.wait(TRUTHS_SECONDS):
            told: list[dict[str, object]] = []
            while self._truths and self._truths[0][0] <= time.monotonic() and len(told) < TRUTHS_AT_ONCE:
                _, prediction, truth = self._truths.popleft()
                told.append({"id": prediction, "truth": truth})
            if told:
                result = self._tell(told)
                with self._lock:
                    for name, count in result.items():
                        self._report.truths[name] = self._report.truths.get(name, 0) + count

    def _tell(self, told: list[dict[str, object]]) -> dict[str, int]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._settings.timeout)
        path = self._path.removesuffix("/infer") + "/feedback"
        try:
            connection.request("POST", path, json.dumps(told), {"content-type": "application/json"})
            found = json.loads(connection.getresponse().read())
            return {name: int(found[name]) for name in ("accepted", "duplicate", "refused")}
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
            return {"failed": len(told)}
        finally:
            connection.close()

    def _note(self, began: float, version: str, failure: str, keep: bool) -> None:
        now = time.monotonic()
        with self._lock:
            report, second = self._report, int(now - self._started)
            report.requests += 1
            report.first.setdefault(version or failure, round(now - self._started, 3))
            self._seconds.setdefault(second, Counter())[version or "failed"] += 1
            if failure:
                report.failed += 1
                report.failures[failure] = report.failures.get(failure, 0) + 1
                if report.failures[failure] <= FAILURES_TOLD:
                    when = f"sent at {began - self._started:.3f} s, after {now - began:.3f} s"
                    report.first_failures.append(f"{failure}, {'kept' if keep else 'new'} connection, {when}")
            else:
                report.versions[version] = report.versions.get(version, 0) + 1
                self._latencies.append(now - began)


def _refusal(answer: http.client.HTTPResponse) -> str:
    """Return the status of an answer that is none, and whose it is, where it says so."""
    role = answer.getheader("mooring-role")
    return f"status {answer.status}" + (f" of {role}" if role else "")


def questions_in(content: bytes) -> tuple[Question, ...]:
    """Return what a file asks: its list of {"body", "truth"}, or itself."""
    found = json.loads(content)
    if not isinstance(found, list):
        return (Question(content),)
    return tuple(Question(json.dumps(each["body"]).encode(), each.get("truth")) for each in found)


def _kind(error: BaseException) -> str:
    """Return in two words what happened to a request."""
    names: tuple[tuple[type[BaseException], str], ...] = (
        (ConnectionRefusedError, "connection refused"),
        (http.client.RemoteDisconnected, "closed unanswered"),
        (ConnectionError, "connection lost"),
        (TimeoutError, "timed out"),
        (socket.gaierror, "name unknown"),
        (OSError, "not reachable"),
        (http.client.HTTPException, "answer cut off"),
    )
    return next((name for kind, name in names if isinstance(error, kind)), "answer unreadable")


def settings_from(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a command line; LOAD_URL and LOAD_BODY stand in for its first two words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default=environment.get("LOAD_URL"), help="http:// address of an infer path")
    parser.add_argument("body", nargs="?", default=environment.get("LOAD_BODY"), help="file with what to ask")
    parser.add_argument("--connections", type=int, default=Settings.connections)
    parser.add_argument("--seconds", type=float, default=Settings.seconds)
    parser.add_argument("--requests", type=int, default=Settings.requests)
    parser.add_argument("--rate", type=float, default=Settings.rate, help="per second; 0: as many as are answered")
    parser.add_argument("--fresh", action="store_true", help="a new connection for each request")
    parser.add_argument("--timeout", type=float, default=Settings.timeout)
    parser.add_argument("--callers", type=int, default=Settings.callers, help="how many; 0: they say no name")
    parser.add_argument("--feedback", type=float, help="tell the truth so many seconds after each answer")
    given = parser.parse_args(arguments)
    if not given.url or not given.body or urlsplit(given.url).scheme != "http":
        parser.error("give the http:// URL of an infer path, and a file with what to ask")
    if not (0 < given.seconds <= MOST_SECONDS and 0 < given.requests <= MOST_REQUESTS and 0 < given.connections <= 512):
        parser.error(f"at most {MOST_SECONDS:.0f} seconds, {MOST_REQUESTS} requests, 512 connections; each at least 1")
    return Settings(
        url=given.url,
        questions=questions_in(Path(given.body).read_bytes()),
        connections=given.connections,
        seconds=given.seconds,
        requests=given.requests,
        rate=given.rate,
        fresh=given.fresh,
        timeout=given.timeout,
        callers=given.callers,
        feedback=given.feedback,
    )


def main(arguments: Sequence[str]) -> int:
    """Run the load; the status is 0 if no request failed, else 1."""
    load = Load(settings_from(arguments))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: load.stop())
    report = load.run()
    print(json.dumps(dataclasses.asdict(report)), flush=True)
    return 1 if report.failed else 0


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
