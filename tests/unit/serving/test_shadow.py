"""A shadow's answers compared with the stable's: which request, whether it differs, and by two real processes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.serving.app import App, build
from mooring.serving.errors import CannotServe
from mooring.serving.shadow import answer
from mooring.serving.shadow.pairs import PATIENCE_SECONDS, WAITS, Pairs
from mooring.serving.shadow.told import ASKED_SECONDS, KEPT, Told, read
from tests.unit.serving import artifacts, process
from tests.unit.serving.conftest import AgeBackend, Real, loaded, order
from tests.unit.serving.talk import Reply, ask

INFER = "/v2/models/shop/infer"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (answer.of_labels([1, 0]), answer.of_labels([1.0, False]), False),
        (answer.of_labels([1, 0]), answer.of_labels([0, 1]), True),
        (answer.of_labels(["a"] * 100), answer.of_labels([*["a"] * 99, "b"]), True),
        (answer.of_labels(["1"]), answer.of_labels([1]), True),
        (answer.of_values([10.0, 20.0]), answer.of_values([10.9, 19.1]), False),
        (answer.of_values([10.0, 20.0]), answer.of_values([10.0, 21.1]), True),
        (answer.of_values([1.0] * 1000), answer.of_values([1.0] * 999), True),
        (answer.of_values([1e300]), answer.of_values([1e300]), False),
        (answer.REFUSED, answer.REFUSED, False),
        (answer.REFUSED, answer.of_labels([1]), True),
        (answer.of_values([1.0]), answer.FAILED, True),
    ],
)
def test_answers_differ_where_a_label_does_or_a_number_by_more_than_half_the_usual_error(
    one: bytes, other: bytes, differs: bool
) -> None:
    assert answer.differ(one, other, 2.0) is answer.differ(other, one, 2.0) is differs


def test_each_pair_is_found_once_in_whichever_order_its_answers_come() -> None:
    pairs = Pairs()
    pairs.mine(1, b"a", 0.0)
    pairs.theirs([(1, b"A"), (2, b"B")], 0.5)
    assert list(pairs.matched(0.5)) == [(b"a", b"A")]
    pairs.mine(2, b"b", 1.0)
    assert list(pairs.matched(1.0)) == [(b"b", b"B")]
    assert (list(pairs.matched(1.0)), pairs.unpaired) == ([], 0)


def test_what_finds_no_other_is_given_up_and_counted_and_memory_is_bounded() -> None:
    pairs = Pairs()
    for key in range(WAITS + 5):
        pairs.mine(key, b"a", 0.0)
    pairs.theirs([(key, b"A") for key in range(10**6, 10**6 + 10 * WAITS)], 0.0)
    assert pairs.unpaired == 5
    assert max(len(pairs._mine), len(pairs._theirs)) <= 4 * WAITS
    assert list(pairs.matched(PATIENCE_SECONDS + 1)) == []
    assert (pairs.unpaired, pairs._mine, pairs._theirs) == (WAITS + 5, {}, {})


def test_answers_are_kept_for_those_who_ask_the_last_ones_only_and_told_once() -> None:
    told = Told()
    assert not told.wanted(0.0)
    assert read(told.since(0, 0.0))[0] == 0
    assert told.wanted(1.0)
    for key in range(KEPT + 10):
        told.add(key, b"a%d" % key)
    last, entries = read(told.since(0, 1.0))
    assert (last, list(entries)) == (KEPT + 10, [(key, b"a%d" % key) for key in range(10, KEPT + 10)])
    told.add(7, b"x")
    assert list(read(told.since(last, 2.0))[1]) == [(7, b"x")]
    assert list(read(told.since(last + 1, 2.0))[1]) == []
    assert len(list(read(told.since(10**9, 2.0))[1])) == KEPT  # it asked another life of this pod
    assert not told.wanted(2.0 + ASKED_SECONDS)
    assert list(read(told.since(0, 20.0))[1]) == []


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: Told().since(0, 0.0) + rest))
def test_a_damaged_document_is_refused(document: bytes) -> None:
    try:
        _, entries = read(document)
        assert all(len(found) <= len(document) for _, found in entries)
    except ValueError:
        return


@pytest.fixture
async def pod(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[App, int]]:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    app = build(order(), loaded(AgeBackend()), lambda: True)
    yield app, await app.listener.start("127.0.0.1", 0)
    app.listener.close()


def test_an_address_that_is_none_is_told_to_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    monkeypatch.setenv("MOORING_STABLE_PEERS", "stable:http")
    with pytest.raises(CannotServe, match="MOORING_STABLE_PEERS has the port 'http'"):
        build(order(), loaded(AgeBackend()), lambda: True)


async def test_nothing_is_noted_until_somebody_asks_and_answers_failures_and_refusals_are_after_that(
    pod: tuple[App, int],
) -> None:
    app, port = pod
    watch = app.journal.watch
    assert watch is not None

    async def infer(**headers: str) -> None:
        for age in (40, 666, 667):
            await ask(port, "POST", INFER, artifacts.body(age=[age]), **headers)

    def found() -> list[bytes]:
        return [kept[:1] for _, kept in read(watch.document(watch._token, 0))[1]]

    await infer(x_request_id="1")
    assert app.journal.recorder.watch is None
    assert found() == []
    await infer(x_request_id="2")
    assert found() == [b"L", b"R", b"F"]
    await infer()
    await infer(x_request_id="3", x_mooring_role="canary")
    await infer(x_request_id="3", x_mooring_override="1")
    assert len(found()) == 3


@dataclass
class Arm:
    role: str
    port: int
    admin_port: int

    async def infer(self, age: int, identity: str) -> Reply:
        headers = {"x_request_id": identity, "x_mooring_role": self.role}
        return await ask(self.port, "POST", INFER, artifacts.body(age=[age]), **headers)

    async def compared(self) -> tuple[int, int]:
        """Return how many answers were the same, and how many different."""
        text = (await ask(self.admin_port, "GET", "/metrics")).body.decode()
        samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        name = f'mooring_shadow_requests_total{{model="shop",version="shop-v4",role="{self.role}",answer="%s"}}'
        return int(samples.get(name % "same", 0)), int(samples.get(name % "different", 0))


@pytest.fixture(scope="module")
def arms(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Arm, Arm]]:
    """A stable pod, and a shadow with another model that knows where the stable is."""
    tmp_path = tmp_path_factory.mktemp("arms")
    bucket = real.folder.path.parent
    other = artifacts.write(bucket / "2", "s3://models/shop/2", model=artifacts.pipeline(older_than=50))
    with ExitStack() as stack:
        more = {"MOORING_ID_KEY": KEY}
        stable = stack.enter_context(process.server(real.folder.order(), real.store, tmp_path, **more))
        admin_port = (ports := stable.ready())[1]
        more["MOORING_STABLE_PEERS"] = f"127.0.0.1:{admin_port}"
        shadow = stack.enter_context(process.server(other.order("shop-v4"), real.store, tmp_path, **more))
        yield Arm("stable", *ports), Arm("shadow", *shadow.ready())


async def test_two_processes_agree_and_disagree_on_the_requests_on_which_their_callers_saw_it(
    arms: tuple[Arm, Arm],
) -> None:
    stable, shadow = arms
    at = random.Random(3)

    async def both(age: int) -> bool:
        """Ask both, either one first, as a mirror does; return whether they answer otherwise."""
        identity = str(uuid4())
        order = [stable, shadow] if at.random() < 0.5 else [shadow, stable]
        first, second = [(await arm.infer(age, identity)).json()["outputs"] for arm in order]
        return first[0]["data"] != second[0]["data"]  # type: ignore[index]

    async with asyncio.timeout(60):
        while sum(await shadow.compared()) == 0:  # the first second or so is not compared: nobody had asked for it
            assert not await both(18)
            await asyncio.sleep(0.2)
        differing = sum([await both(at.randrange(18, 90)) for _ in range(80)])
        for _ in range(3):
            assert not await both(18)
        while (await shadow.compared())[1] < differing or sum(await shadow.compared()) < 84:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await shadow.compared())[1] == differing
    assert 5 < differing < 40


async def test_answers_are_told_to_pods_of_the_deployment_only(arms: tuple[Arm, Arm], real: Real) -> None:
    reply = await ask(arms[0].admin_port, "GET", "/mooring/answers?since=0", authorization="Bearer x")
    assert (reply.status, "share MOORING_ID_KEY" in reply.error) == (401, True)
    alone = await ask(real.admin_port, "GET", "/mooring/answers?since=0")
    assert (alone.status, "without MOORING_ID_KEY" in alone.error) == (404, True)
