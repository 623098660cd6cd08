"""The deployment is told every truth once, by its endpoint, patiently."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import pytest

from mooring.batch.label import teller as teller_module
from mooring.batch.label.teller import Endpoint
from mooring.batch.label.truth import Target
from mooring.serving.capture.waiting import Told
from mooring.training.failure import RunFailed
from tests.unit.batch.label.shop import DAY, NOON, Deployment, Shop


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits in these tests."""
    monkeypatch.setattr(teller_module.Teller.__init__, "__defaults__", (lambda seconds: None,))


def ids(shop: Shop, count: int, *, captured: bool = False, at: float = NOON) -> list[str]:
    return [shop.identity("shop-v3", at, 1, captured=captured) for _ in range(count)]


def table(shop: Shop, names: list[str], truth: object = 1) -> str:
    return shop.table(pd.DataFrame({"prediction_id": names, "bought": [truth] * len(names)}))


def test_truths_of_all_predictions_are_told_captured_or_not_in_bounded_requests(
    shop: Shop, deployment: Deployment
) -> None:
    asked = shop.asked(10)
    shop.write(asked)
    names = [asked.id, *ids(shop, 2500)]
    summary = shop.label(truth=table(shop, names), post=deployment.post)
    assert (len(deployment.known), deployment.requests) == (2501, [1000, 1000, 501])
    assert summary.told is not None
    assert (summary.told.accepted, summary.told.duplicate, summary.told.before) == (2501, 0, 0)


def test_by_request_ids_the_captured_ones_are_told(shop: Shop, deployment: Deployment) -> None:
    asked = shop.asked(10, request="order-7")
    shop.write(asked)
    frame = pd.DataFrame({"order": ["order-7", "order-8"], "truth": [0, 1]})
    summary = shop.label(truth=shop.table(frame), key="order", post=deployment.post)
    assert deployment.known == {deployment.ids.read(asked.id, 0).key: 0}
    assert summary.told is not None
    assert summary.told.accepted == 1


@pytest.mark.parametrize("every", [1000, 10**6], ids=["on the way", "at the end"])
def test_what_was_told_is_not_told_again_however_little_pods_remember(
    shop: Shop, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setattr(teller_module, "REMEMBER_EVERY", every)
    shop.write(shop.asked(10))
    names = ids(shop, 3000)
    shop.label(truth=table(shop, names[:2000]), post=deployment.post)
    deployment.known.clear()
    summary = shop.label(truth=table(shop, names), post=deployment.post)
    assert summary.told is not None
    assert (summary.told.accepted, summary.told.before) == (1000, 2000)


def test_what_an_ended_run_told_is_remembered(
    shop: Shop, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teller_module, "REMEMBER_EVERY", 1000)
    shop.write(shop.asked(10))
    names = ids(shop, 3000)

    def breaks(body: bytes) -> tuple[int, bytes]:
        if len(deployment.requests) == 2:
            raise ConnectionError("the pod is gone")
        return deployment.post(body)

    with pytest.raises(RunFailed, match="cannot be told truths: the pod is gone") as caught:
        shop.label(truth=table(shop, names), post=breaks)
    assert caught.value.failure.class_ == "Infrastructure"
    summary = shop.label(truth=table(shop, names), post=deployment.post)
    assert summary.told is not None
    assert (summary.told.before, summary.told.accepted, summary.told.duplicate) == (2000, 1000, 0)


def test_who_has_no_room_is_asked_again(shop: Shop, deployment: Deployment) -> None:
    shop.write(shop.asked(10))
    deployment.full = 30
    summary = shop.label(truth=table(shop, ids(shop, 100)), post=deployment.post)
    assert deployment.requests == [100, 30]
    assert summary.told is not None
    assert (summary.told.accepted, summary.told.refused.count) == (100, 0)


def test_a_deployment_that_is_busy_for_a_moment_is_waited_for(shop: Shop, deployment: Deployment) -> None:
    shop.write(shop.asked(10))
    answers: Iterator[tuple[int, bytes]] = iter([(503, b'{"error":"later"}'), (502, b"")])
    summary = shop.label(
        truth=table(shop, ids(shop, 3)), post=lambda body: next(answers, None) or deployment.post(body)
    )
    assert summary.told is not None
    assert summary.told.accepted == 3


def test_a_deployment_that_says_no_ends_the_run_with_its_words_after_the_rows_are_written(shop: Shop) -> None:
    asked = shop.asked(10)
    shop.write(asked)
    with pytest.raises(RunFailed, match="takes no truths: it answers 401: this model wants a key") as caught:
        shop.label(truth=table(shop, [asked.id]), post=lambda body: (401, b"this model wants a key"))
    assert caught.value.failure.class_ == "User"
    assert shop.joined()["bought"].tolist() == [1]


def test_strangers_ids_and_late_ones_are_counted(shop: Shop, deployment: Deployment) -> None:
    shop.write(shop.asked(10))
    foreign = Shop(shop.folder)
    stranger = foreign.identity("shop-v3", NOON, 1)[:-4] + "AAAA"
    old = ids(shop, 1, at=NOON - 101 * DAY)
    summary = shop.label(truth=table(shop, [stranger, *old, *ids(shop, 1)]), post=deployment.post)
    assert summary.told is not None
    assert (summary.told.accepted, summary.told.refused.count) == (1, 1)
    assert "signature does not fit" in str(summary.told.refused.example)
    assert summary.table is not None
    assert summary.table.late == 1
    assert "1 refused (the id's signature" in "\n".join(summary.lines())


def test_truths_of_versions_long_gone_are_told(shop: Shop, deployment: Deployment) -> None:
    shop.write(shop.asked(10))
    summary = shop.label(truth=table(shop, [shop.identity("shop-v1", NOON - 60 * DAY, 1)]), post=deployment.post)
    assert summary.told is not None
    assert summary.told.accepted == 1


def test_without_an_endpoint_nobody_is_told(shop: Shop) -> None:
    asked = shop.asked(10)
    shop.write(asked)
    assert shop.label(truth=table(shop, [asked.id])).told is None
    assert not (shop.folder / "told").exists()


def test_truths_told_online_are_not_told_again(shop: Shop, deployment: Deployment) -> None:
    asked = shop.asked(10, 20)
    shop.write(asked)
    shop.write(Told(asked.id, 0, 1, NOON))
    frame = pd.DataFrame({"id": [asked.id] * 2, "row": [0, 1], "truth": [1, 0]})
    summary = shop.label(truth=shop.table(frame), post=deployment.post)
    assert deployment.known == {deployment.ids.read(asked.id, 1).key: 0}
    assert summary.told is not None
    assert (summary.told.accepted, summary.told.before) == (1, 1)


def test_truths_are_of_the_targets_type_whatever_the_table_has() -> None:
    for datatype, values in {
        "INT64": ((1, 1), (1.0, 1), ("1", 1), (True, 1)),
        "FP64": ((1, 1.0), ("1e3", 1000.0)),
        "BOOL": ((True, True), (0, False), ("true", True), ("0", False)),
        "BYTES": (("yes", "yes"),),
    }.items():
        target = Target("y", datatype)  # type: ignore[arg-type]  # one of them
        for given, wanted in values:
            assert (target.read(given), type(target.read(given))) == (wanted, type(wanted))
    for datatype, wrong in {"INT64": "yes", "FP64": "1_000", "BOOL": 2, "BYTES": 3}.items():
        with pytest.raises(ValueError, match="truth is"):
            Target("y", datatype).read(wrong)  # type: ignore[arg-type]  # one of them


@contextmanager
def listening(status: int) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    heard: list[tuple[str, bytes]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((self.headers.get("authorization", ""), body))
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v2/models/shop/feedback", heard
        server.shutdown()


@pytest.mark.parametrize("status", [200, 401, 503])
def test_an_endpoint_is_asked_over_http_with_the_key(status: int) -> None:
    with listening(status) as (url, heard):
        assert Endpoint(url, "secret").post(b"[]") == (status, b"{}")
        assert heard == [("Bearer secret", b"[]")]


def test_an_endpoint_that_is_not_there_is_an_oserror() -> None:
    with pytest.raises(OSError, match="refused"):
        Endpoint("http://127.0.0.1:9/").post(b"[]")
