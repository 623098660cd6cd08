"""Visitors ask about real rows as they arrive from upstream, and count every row that was answered rightly."""

from __future__ import annotations

import gzip
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from demo.stream import Rows
from demo.visitors import Change, Phase, Second, Told, Visitors
from tests.support.kube import eventually

PHASES = (Phase("quiet"), Phase("turned", (Change("side", codes={"left": "right", "right": "left"}),)))
ROWS = Rows(
    pd.DataFrame({"size": [1.5, 2.5, None, 4.0] * 5, "side": ["left", "right", "left", "right"] * 5}), [0, 1, 0, 1] * 5
)


class Server(ThreadingHTTPServer):
    """Says 1 for everybody on the right."""

    daemon_threads = True
    refuses = False
    told: tuple[dict[str, object], ...] = ()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/feedback"):
            self.server.told += tuple(sent)
            self.say({"accepted": sum(len(one["truth"]) for one in sent)})
            return
        sides = next(tensor["data"] for tensor in sent["inputs"] if tensor["name"] == "side")
        labels = {"name": "label", "data": [int(side == "right") for side in sides]}
        parameters = {"prediction_id": "an id"}
        self.say({"model_version": "sides-v1", "parameters": parameters, "outputs": [labels]})

    def say(self, answer: object) -> None:
        body = json.dumps({"error": "side is odd"} if self.server.refuses else answer).encode()
        self.send_response(400 if self.server.refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def told(tmp_path: Path) -> Told:
    (tmp_path / "rows.csv.gz").write_bytes(ROWS.packed())
    phases = [{"name": one.name, "changes": [vars(change) for change in one.changes]} for one in PHASES]
    (tmp_path / "phases.json").write_text(json.dumps({"numbers": ROWS.numbers, "phases": phases}))
    return Told.read(tmp_path)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asking(server: Server, told: Told) -> Iterator[Visitors]:
    asks = Visitors(
        [f"http://127.0.0.1:{server.server_port}/v2/models/sides/infer"], told, rate=200, batch=4, threads=2
    )
    runs = threading.Thread(target=asks.run, daemon=True)
    runs.start()
    yield asks
    asks.stop()
    runs.join(10)


def printed(capsys: pytest.CaptureFixture[str], so_far: list[Second]) -> list[Second]:
    so_far += [Second(**json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    return so_far


def test_rows_arrive_as_they_were_sent_with_their_gaps(told: Told) -> None:
    assert told.rows[:3] == ([1.5, "left", 0], [2.5, "right", 1], [None, "left", 0])
    assert gzip.decompress(ROWS.packed()) == gzip.decompress(ROWS.packed())


def test_a_recoded_column_changes_and_no_other_does(told: Told) -> None:
    asked = json.loads(told.ask(told.rows[:2], PHASES[1], random.Random(0)))
    assert [(one["name"], one["datatype"], one["data"]) for one in asked["inputs"]] == [
        ("size", "FP64", [1.5, 2.5]),
        ("side", "BYTES", ["right", "left"]),
    ]


def test_a_share_of_a_column_goes_missing() -> None:
    lot, change = random.Random(3), Change("side", share=0.25)
    missing = sum(change.of("left", lot) is None for _ in range(4000))
    assert 900 < missing < 1100


def test_every_row_is_counted_by_version_and_its_truth_is_told(
    server: Server, asking: Visitors, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Second] = []
    eventually("truths are told", lambda: any(second.told for second in printed(capsys, seen)), 10)
    assert all(second.right == second.rows == second.versions.get("sides-v1", [0, 0])[0] for second in seen)
    assert server.told[0] == {"id": "an id", "truth": [0, 1, 0, 1]}


def test_the_next_phase_is_seen_in_the_answers(asking: Visitors, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Second] = []
    asking.next_phase()
    turned = lambda: [one for one in printed(capsys, seen) if one.phase == "turned" and one.rows > 100]  # noqa: E731
    eventually("the phase is told", turned, 10)
    assert turned()[-1].right == 0


def test_refused_rows_are_counted_with_the_reason(
    server: Server, asking: Visitors, capsys: pytest.CaptureFixture[str]
) -> None:
    server.refuses, seen = True, []
    eventually("rows are refused", lambda: any(second.refused for second in printed(capsys, seen)), 10)
    assert next(second.error for second in seen if second.refused) == "400: side is odd"
