"""The load generator counts every request once, and never hides a failure: replacements are judged by it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from demo.load import Load, Question, Report, Settings, questions_in
from tests.support.kube import eventually


class Server(ThreadingHTTPServer):
    """Answers as a model would, or fails each request in the way that is set."""

    daemon_threads = True
    fails = ""
    asked = 0
    seen: tuple[tuple[str, str | None], ...] = ()
    """Body and caller of each question."""
    told: tuple[dict[str, object], ...] = ()
    lock = threading.Lock()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/feedback"):
            self.server.told += (*json.loads(content),)
            self.say({"accepted": len(json.loads(content)), "duplicate": 0, "refused": 0})
            return
        with self.server.lock:
            self.server.asked += 1
            number = self.server.asked
            self.server.seen += ((content.decode(), self.headers["x-mooring-caller"]),)
        if self.server.fails == "close":
            self.close_connection = True
            return
        self.say({"model_version": "income-v1", "parameters": {"prediction_id": f"id-{number}"}})

    def say(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(503 if self.server.fails == "503" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(port: int, requests: int = 40) -> Report:
    url = f"http://127.0.0.1:{port}/v2/models/income/infer"
    return Load(Settings(url, [Question(b"{}")], connections=4, seconds=20, requests=requests, timeout=5)).run()


def test_every_answer_is_counted_once_by_its_version(server: Server) -> None:
    report = ask(server.server_port)
    assert (report.requests, report.failed, report.versions) == (40, 0, {"income-v1": 40})
    assert server.asked == 40
    assert sum(second["income-v1"] for second in report.timeline) == 40


@pytest.mark.parametrize(("fails", "kind"), [("503", "status 503"), ("close", "closed unanswered")])
def test_a_failure_is_counted_by_kind_and_never_repeated(server: Server, fails: str, kind: str) -> None:
    server.fails = fails
    report = ask(server.server_port)
    assert (report.requests, report.failed, report.failures) == (40, 40, {kind: 40})
    assert server.asked == 40
    assert report.first_failures


def test_nobody_listening_is_a_failure(server: Server) -> None:
    with Server(("127.0.0.1", 0), Answer) as gone:
        port = gone.server_port
    report = ask(port, requests=8)
    assert (report.requests, report.failures) == (8, {"connection refused": 8})


def test_told_to_stop_it_ends_with_what_it_has(server: Server) -> None:
    url = f"http://127.0.0.1:{server.server_port}/"
    load = Load(Settings(url, [Question(b"{}")], connections=2, seconds=60, requests=1_000_000, rate=50))
    threading.Timer(0.5, load.stop).start()
    report = load.run()
    assert 0 < report.requests < 1_000
    assert report.seconds < 30


def test_questions_and_callers_take_turns_so_that_each_caller_asks_each_question(server: Server) -> None:
    questions = questions_in(b'[{"body": 1, "truth": 0}, {"body": 2, "truth": 1}]')
    url = f"http://127.0.0.1:{server.server_port}/v2/models/income/infer"
    Load(Settings(url, questions, connections=1, seconds=20, requests=4, callers=2)).run()
    assert set(server.seen) == {(body, f"caller-{number}") for body in "12" for number in (0, 1)}


def test_the_truth_of_each_answer_is_told_with_its_id(server: Server) -> None:
    questions = questions_in(b'[{"body": 1, "truth": 7}]')
    url = f"http://127.0.0.1:{server.server_port}/v2/models/income/infer"
    load = Load(Settings(url, questions, connections=1, seconds=20, requests=1_000_000, rate=100, feedback=0.0))
    asking = threading.Thread(target=load.run)
    asking.start()
    eventually("truths are told", lambda: len(server.told) > 10)
    load.stop()
    asking.join()
    assert {(told["id"], told["truth"]) for told in server.told[:3]} == {("id-1", 7), ("id-2", 7), ("id-3", 7)}
    assert load.run().truths["accepted"] == len(server.told)


def test_a_file_without_a_list_is_one_question() -> None:
    assert questions_in(b'{"inputs": []}') == (Question(b'{"inputs": []}'),)
