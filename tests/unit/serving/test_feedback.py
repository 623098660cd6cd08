"""Truth that comes later: joined with its prediction, once, by whichever pod it is told to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from mooring.serving import pods as pods_module
from mooring.serving.app import App, build
from mooring.serving.feedback import FeedbackEndpoint
from mooring.serving.peers import Peers, owner
from mooring.serving.pods import Pods
from mooring.serving.truths import Seen
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, Running, loaded, order
from tests.unit.serving.talk import Reply, ask

INFER = "/v2/models/shop/infer"
FEEDBACK = "/v2/models/shop/feedback"


async def predict(port: int, *ages: int) -> str:
    reply = await ask(port, "POST", INFER, artifacts.body(len(ages), age=list(ages)))
    parameters = reply.json()["parameters"]
    assert isinstance(parameters, dict)
    return str(parameters["prediction_id"])


async def tell(port: int, content: object) -> Reply:
    return await ask(port, "POST", FEEDBACK, content)


def results(reply: Reply) -> tuple[object, ...]:
    found = reply.json()
    return found["accepted"], found["duplicate"], found["refused"]


def joins(app: App) -> Counter[tuple[int, int]]:
    """Return what was joined so far: (stratum, outcome) by how often."""
    app.journal.ledger.seal()
    found: Counter[tuple[int, int]] = Counter()
    for interval in app.journal.ledger.reading(0).intervals:
        for join, count in interval.joins.items():
            found[join.stratum, join.outcome] += count
    return found


async def test_a_truth_is_counted_by_what_was_predicted(app: Running) -> None:
    identity = await predict(app.port, 60)
    reply = await tell(app.port, {"id": identity, "truth": 0})
    assert (reply.status, results(reply)) == (200, (1, 0, 0))
    # Probability 0.6 lies in bin 9 of 16, (9/16, 10/16], and the label is 1.
    assert joins(app.app) == {(9 * 2 + 1, 0): 1}


async def test_the_id_stands_in_the_header_too(app: Running) -> None:
    reply = await ask(app.port, "POST", INFER, artifacts.body())
    parameters = reply.json()["parameters"]
    assert parameters == {"prediction_id": reply.headers["mooring-prediction-id"]}


async def test_v1_answers_have_their_id_in_the_header(app: Running) -> None:
    reply = await ask(app.port, "POST", "/v1/models/shop:predict", {"instances": [artifacts.ROW]})
    told = await tell(app.port, {"id": reply.headers["mooring-prediction-id"], "truth": 1})
    assert results(told) == (1, 0, 0)


async def test_a_truth_told_twice_counts_once(app: Running) -> None:
    identity = await predict(app.port, 60)
    assert results(await tell(app.port, {"id": identity, "truth": 1})) == (1, 0, 0)
    again = await tell(app.port, [{"id": identity, "row": 0, "truth": 1}, {"id": identity, "truth": 0}])
    assert (again.status, results(again)) == (200, (0, 2, 0))
    assert sum(joins(app.app).values()) == 1


async def test_rows_of_one_request_have_their_own_truths(app: Running) -> None:
    identity = await predict(app.port, 10, 60, 90)
    reply = await tell(app.port, [{"id": identity, "row": 2, "truth": 1}, {"id": identity, "row": 0, "truth": 0}])
    assert results(reply) == (2, 0, 0)
    assert joins(app.app) == {(14 * 2 + 1, 1): 1, (1 * 2, 0): 1}


async def test_all_truths_of_a_request_are_told_as_a_list(app: Running) -> None:
    identity = await predict(app.port, 10, 60, 90)
    assert results(await tell(app.port, {"id": identity, "truth": [0, None, 1]})) == (2, 0, 0)
    assert results(await tell(app.port, {"id": identity, "truth": [0, 1, 1]})) == (1, 2, 0)


async def test_what_cannot_be_counted_is_refused_by_its_place_and_the_rest_counts(app: Running) -> None:
    identity = await predict(app.port, 60)
    told = [{"id": identity, "row": 4, "truth": 1}, {"id": identity, "truth": 1}, {"id": "x", "truth": 1}]
    reply = await tell(app.port, told)
    assert (reply.status, results(reply)) == (200, (1, 0, 2))
    errors = reply.json()["errors"]
    assert isinstance(errors, list)
    assert [error["index"] for error in errors] == [0, 2]
    assert "not among the 1" in errors[0]["error"]


@pytest.mark.parametrize("truth", [2, "yes", None, [], {}, float("nan"), 0.5])
async def test_a_truth_that_is_no_class_is_refused_with_the_classes(app: Running, truth: object) -> None:
    identity = await predict(app.port, 60)
    reply = await tell(app.port, {"id": identity, "row": 0, "truth": truth})
    assert reply.status == 400
    assert "expected one of 0, 1" in reply.error or "not JSON" in reply.error


@pytest.mark.parametrize(
    "content",
    [[], {}, 7, "id", [{"id": 7, "truth": 1}], {"id": "x"}, {"id": "x", "row": "0", "truth": 1}, b"{", b"[[[["],
)
async def test_what_is_no_feedback_is_refused(app: Running, content: object) -> None:
    reply = await tell(app.port, content)
    assert reply.status == 400
    assert reply.error


async def test_where_it_is_switched_off_truths_are_refused_and_the_document_does_not_offer_it() -> None:
    quiet = order().model_copy(update={"feedback": False})
    app = build(quiet, loaded(AgeBackend()), lambda: True)
    port = await app.listener.start("127.0.0.1", 0)
    reply = await tell(port, {"id": await predict(port, 60), "truth": 0})
    assert (reply.status, "feedback.enabled" in str(reply.json()["error"])) == (403, True)
    assert FEEDBACK not in (await ask(port, "GET", "/openapi.json")).json()["paths"]
    app.listener.close()


async def test_an_id_of_another_process_is_refused_when_no_key_is_shared(app: Running) -> None:
    stranger = build(order(), loaded(AgeBackend()), lambda: True)
    port = await stranger.listener.start("127.0.0.1", 0)
    reply = await tell(app.port, {"id": await predict(port, 60), "truth": 1})
    stranger.listener.close()
    assert (reply.status, results(reply)) == (400, (0, 0, 1))
    assert "another key" in reply.error


def test_the_memory_of_truths_is_bounded_and_holds_the_newest() -> None:
    seen = Seen(remembered=100)
    for number in range(1000):
        seen.add((number, number % 5))
    assert all(seen.has((number, number % 5)) for number in range(900, 1000))
    assert not seen.has((999, 0))
    assert not seen.has((0, 0))


def test_every_pod_has_its_share_and_only_the_keys_of_a_pod_that_goes_move() -> None:
    pods = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    keys = [number.to_bytes(8, "little") for number in range(3000)]
    before = {key: owner(pods, key) for key in keys}
    assert all(800 < count < 1200 for count in Counter(before.values()).values())
    after = {key: owner(pods[:2], key) for key in keys}
    assert all(before[key] in (after[key], "10.0.0.3") for key in keys)
    assert before == {key: owner(pods[::-1], key) for key in keys}
    assert owner([], b"key") is None


class Known(Pods):
    """Addresses that are known without looking them up."""

    def __init__(self, all_of_them: list[str]) -> None:
        super().__init__("peers")
        self._all = tuple(all_of_them)

    async def addresses(self) -> tuple[str, ...]:
        return self._all


class Neighbours(Peers):
    """Peers on one machine, each with a port of its own."""

    def __init__(self, own: str, all_of_them: list[str], ports: dict[str, int]) -> None:
        super().__init__("peers", own, 0)
        self._pods = Known(all_of_them)
        self._ports = ports

    async def tell(self, address: str, path: str, body: bytes, authorization: bytes) -> bytes:
        self._port = self._ports[address]
        return await super().tell("127.0.0.1", path, body, authorization)


@pytest.fixture
async def pods(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, tuple[App, int]]]:
    monkeypatch.setenv("MOORING_ID_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    monkeypatch.setattr(pods_module, "SECONDS", 1.0)
    names, ports = ["a", "b", "c"], {}
    found = {}
    for name in names:
        app = build(order(), loaded(AgeBackend()), lambda: True)
        app.journal.feedback._peers = Neighbours(name, names, ports)
        ports[name] = await app.listener.start("127.0.0.1", 0)
        found[name] = (app, ports[name])
    yield found
    for app, _ in found.values():
        app.listener.close()


async def test_a_truth_told_to_two_pods_counts_once(pods: dict[str, tuple[App, int]]) -> None:
    ports = [port for _, port in pods.values()]
    identities = [await predict(ports[number % 3], 60) for number in range(12)]
    told = [{"id": identity, "truth": 1} for identity in identities]
    for port, expected in zip(ports, [(12, 0, 0), (0, 12, 0), (0, 12, 0)], strict=True):
        assert results(await tell(port, told)) == expected
    assert sum((joins(app) for app, _ in pods.values()), Counter()) == {(19, 1): 12}


async def test_reasons_come_back_from_the_owner_with_the_places_of_the_request(
    pods: dict[str, tuple[App, int]],
) -> None:
    port = pods["a"][1]
    identities = [await predict(port, 60) for _ in range(9)]
    told = [{"id": identity, "truth": 1 if place % 2 else 5} for place, identity in enumerate(identities)]
    reply = await tell(port, told)
    errors = reply.json()["errors"]
    assert isinstance(errors, list)
    assert [error["index"] for error in errors] == [0, 2, 4, 6, 8]


async def test_a_truth_is_not_lost_when_its_owner_does_not_answer(pods: dict[str, tuple[App, int]]) -> None:
    gone, port = pods["c"][0], pods["a"][1]
    gone.listener.close()
    identities = [await predict(port, 60) for _ in range(12)]
    assert results(await tell(port, [{"id": identity, "truth": 1} for identity in identities])) == (12, 0, 0)


async def test_peers_that_cannot_be_looked_up_leave_the_truth_here() -> None:
    peers = Peers("peers.invalid", "10.0.0.1", 8080)
    assert await peers.elsewhere(b"key") is None
    assert Peers.from_environment({}, 8080) is None
    assert isinstance(Peers.from_environment({"MOORING_PEERS_HOST": "h", "MOORING_POD_IP": "i"}, 80), Peers)


async def test_a_crowd_of_truths_at_once_is_counted_exactly(app: Running) -> None:
    identities = [await predict(app.port, 60) for _ in range(20)]
    told = [tell(app.port, {"id": identity, "truth": 1}) for identity in identities for _ in range(3)]
    replies = await asyncio.gather(*told)
    assert sum((Counter(reply.json()) for reply in replies), Counter()) == {"accepted": 20, "duplicate": 40}
    assert isinstance(app.app.journal.feedback, FeedbackEndpoint)


async def test_what_has_no_room_is_said_to_be_told_again_and_what_is_wrong_is_not(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = await predict(app.port, 60, 20)
    monkeypatch.setattr("mooring.ledger.book.MAX_JOINS", 1)
    reply = await tell(app.port, [{"id": identity, "truth": [0, 1]}, {"id": identity, "row": 0, "truth": 7}])
    errors = reply.json()["errors"]
    assert results(reply) == (1, 0, 2)
    assert isinstance(errors, list)
    assert [(error["index"], error.get("again")) for error in errors] == [(0, True), (1, None)]
