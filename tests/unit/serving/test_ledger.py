"""What serving writes into the ledger, and who can read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mooring.ledger.fold import Folded, fold
from mooring.ledger.interval import Reading
from mooring.ledger.layout import Layout
from mooring.ledger.merge import total
from mooring.ledger.profile import CategoryProfile, NumberProfile, PredictionProfile, Profile
from mooring.ledger.readable import by_field
from mooring.ledger.wire import decode
from mooring.serving.admin import admin_listener
from mooring.serving.app import build
from mooring.serving.errors import CannotServe, overloaded
from mooring.serving.load import Loaded
from mooring.serving.state import State
from tests.unit.serving import artifacts, process
from tests.unit.serving.conftest import AgeBackend, Real, Running, loaded, order
from tests.unit.serving.talk import Reply, ask

INFER = "/v2/models/shop/infer"
PROFILE = Profile(
    rows=100,
    numbers=[
        NumberProfile(name="age", edges=[30.0, 50.0], counts=[30, 40, 30], missing=0, low=18.0, high=90.0),
        NumberProfile(name="income", edges=[1000.0], counts=[50, 50], missing=0, low=0.0, high=5000.0),
        NumberProfile(name="member", edges=[0.0], counts=[50, 50], missing=0, low=0.0, high=1.0),
    ],
    categories=[CategoryProfile(name="color", categories=["green", "red"], counts=[60, 30], other=10, missing=0)],
    holdout_rows=20,
    predictions=PredictionProfile(of="probability", edges=[0.5], counts=[10, 10]),
)


@dataclass
class Pod:
    running: Running
    admin_port: int
    state: State

    async def infer(self, *ages: float, **headers: str) -> Reply:
        return await ask(self.running.port, "POST", INFER, artifacts.body(len(ages), age=list(ages)), **headers)

    def counts(self, role: str = "stable") -> dict[str, object]:
        ledger = self.running.app.journal.ledger
        return by_field(ledger.totals()[role], ledger.layout)


@pytest.fixture
async def pod() -> AsyncIterator[Pod]:
    backend = AgeBackend()
    model = loaded(backend)
    app = build(order(), Loaded(model.manifest, backend, model.cost, profile=PROFILE), lambda: True)
    state = State("Serving", app)
    admin = admin_listener(state)
    running = Running(app, await app.listener.start("127.0.0.1", 0), backend)
    yield Pod(running, await admin.start("127.0.0.1", 0), state)
    app.listener.close()
    admin.close()


async def test_rows_are_counted_on_the_edges_of_training(pod: Pod) -> None:
    await pod.infer(17, 18, 30, 31, 91)
    counts = pod.counts()
    assert counts["requests"] == {"ok": 1, "caller": 0, "model": 0, "overload": 0}
    features = counts["features"]
    assert isinstance(features, dict)
    assert features["age"] == {"bins": [2, 1, 0], "under": 1, "over": 1, "missing": 0}
    assert features["color"] == {"bins": [5, 0], "other": 0, "unseen": 0, "missing": 0}
    assert counts["predictions"] == [4, 0, 0, 1]
    assert counts["rows"] == [5]


async def test_requests_are_counted_by_what_became_of_them(pod: Pod) -> None:
    assert [(await pod.infer(age)).status for age in (40, 666, 667, 668)] == [200, 400, 500, 500]
    await ask(pod.running.port, "POST", INFER, b"{")
    bad = artifacts.body(color=["mauve"])
    await ask(pod.running.port, "POST", INFER, bad)
    counts = pod.counts()
    assert counts["requests"] == {"ok": 1, "caller": 3, "model": 2, "overload": 0}
    assert counts["rejected"] == [0, 0, 0, 1, 2]
    latency = counts["latency"]
    assert isinstance(latency, list)
    assert sum(latency) == 3


async def test_what_is_turned_away_is_counted(pod: Pod, monkeypatch: pytest.MonkeyPatch) -> None:

    def refuse(*_: object) -> None:
        raise overloaded("no room")

    monkeypatch.setattr("mooring.serving.batch.Batcher.submit", refuse)
    assert (await pod.infer(40)).status == 503
    assert pod.counts()["requests"] == {"ok": 0, "caller": 0, "model": 0, "overload": 1}


@pytest.mark.parametrize("role", ["stable", "canary", "shadow"])
async def test_a_request_counts_for_the_role_that_the_router_gave_and_says_so(pod: Pod, role: str) -> None:
    reply = await pod.infer(40, x_mooring_role=role)
    assert (reply.headers["mooring-role"], reply.headers["mooring-version"]) == (role, "shop-v3")
    assert pod.counts(role)["rows"] == [1]


async def test_a_tester_is_kept_out_of_what_is_judged(pod: Pod) -> None:
    reply = await pod.infer(40, x_mooring_role="canary", x_mooring_override="1")
    assert reply.headers["mooring-role"] == "tester"
    assert set(pod.running.app.journal.ledger.totals()) == {"tester"}


async def test_without_a_router_all_is_stable_and_unknown_roles_are_too(pod: Pod) -> None:
    assert (await pod.infer(40)).headers["mooring-role"] == "stable"
    assert (await pod.infer(40, x_mooring_role="king")).headers["mooring-role"] == "stable"


async def test_a_mistake_is_answered_with_the_role_too(pod: Pod) -> None:
    reply = await ask(pod.running.port, "POST", INFER, b"{", x_mooring_role="canary")
    assert (reply.status, reply.headers["mooring-role"]) == (400, "canary")


async def test_a_trace_is_passed_on(pod: Pod) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert (await pod.infer(40, traceparent=trace)).headers["traceparent"] == trace


async def test_callers_are_told_apart_by_the_header_else_by_the_address(pod: Pod) -> None:
    for number in range(40):
        await pod.infer(40, x_mooring_caller=f"user {number}", x_forwarded_for="10.0.0.1")
    callers = pod.counts()["callers"]
    assert isinstance(callers, list)
    assert sum(bool(sum(bucket)) for bucket in callers) > 8
    before = [sum(bucket) for bucket in callers]
    for _ in range(5):
        await pod.infer(40, x_forwarded_for="10.0.0.7")
    after = [sum(bucket) for bucket in pod.counts()["callers"]]  # type: ignore[attr-defined]
    assert sorted(late - early for late, early in zip(after, before, strict=True))[-2:] == [0, 5]


async def test_the_ledger_is_read_from_the_admin_port_in_both_forms(pod: Pod) -> None:
    await pod.infer(40)
    pod.running.app.journal.ledger.seal()
    text = (await ask(pod.admin_port, "GET", "/mooring/ledger?since=0")).json()
    binary = await ask(pod.admin_port, "GET", "/mooring/ledger?since=0&format=binary")
    assert binary.headers["content-type"] == "application/x-mooring-ledger"
    reading = decode(binary.body)
    assert (text["model"], text["version"]) == (reading.stream.model, reading.stream.version) == ("shop", "shop-v3")
    (interval,) = text["intervals"]  # type: ignore[misc]
    assert interval["roles"]["stable"]["requests"]["ok"] == 1
    assert sum(reading.intervals[0].roles["stable"]) == sum(pod.running.app.journal.ledger.totals()["stable"])
    later = decode((await ask(pod.admin_port, "GET", "/mooring/ledger?since=1&format=binary")).body)
    assert (later.intervals, later.next) == ((), 2)


@pytest.mark.parametrize("query", ["since=x", "since=-1", "since=", "since=%00", "format=xml", "since=" + "9" * 30])
async def test_a_bad_question_is_answered_with_what_was_expected(pod: Pod, query: str) -> None:
    reply = await ask(pod.admin_port, "GET", f"/mooring/ledger?{query}")
    assert reply.status in (200, 400)
    if reply.status == 400:
        assert "expected" in reply.error


async def test_before_the_model_there_is_no_ledger() -> None:
    admin = admin_listener(State())
    reply = await ask(await admin.start("127.0.0.1", 0), "GET", "/mooring/ledger?since=0")
    admin.close()
    assert reply.status == 503


async def test_the_reference_is_read_from_the_admin_port(pod: Pod) -> None:
    reply = await ask(pod.admin_port, "GET", "/mooring/profile")
    assert Profile.model_validate_json(reply.body) == PROFILE


async def test_the_metrics_say_what_the_ledger_says(pod: Pod) -> None:
    for age in (40, 60, 667):
        await pod.infer(age)
    text = (await ask(pod.admin_port, "GET", "/metrics")).body.decode()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    ours = 'model="shop",version="shop-v3",role="stable"'
    wanted = {
        f'mooring_requests_total{{{ours},outcome="ok"}}': 2,
        f'mooring_requests_total{{{ours},outcome="model"}}': 1,
        f'mooring_request_duration_seconds_bucket{{{ours},le="+Inf"}}': 3,
        f"mooring_request_duration_seconds_count{{{ours}}}": 3,
        f"mooring_rows_total{{{ours}}}": 2,
        f'mooring_predictions_total{{{ours},label="1"}}': 1,
        f'mooring_feature_rows_total{{{ours},feature="age",value="missing"}}': 0,
        'model_infer_request_success_total{model="shop",version="shop-v3"}': 2,
        'model_infer_request_failure_total{model="shop",version="shop-v3"}': 1,
        'model_infer_request_duration_count{model="shop",version="shop-v3"}': 3,
        'rest_server_requests_total{method="POST",path="/v2/models/{model_name}/infer",status_code="200"}': 2,
        'request_predict_seconds_count{model_name="shop"}': 3,
    }
    assert {name: float(samples[name]) for name in wanted} == wanted
    assert len(samples) == sum(not line.startswith("#") for line in text.splitlines())


async def test_everything_is_counted_once_under_load_while_a_reader_folds(pod: Pod) -> None:
    state, taken = Folded(), []

    async def read() -> None:
        nonlocal state
        document = await ask(pod.admin_port, "GET", f"/mooring/ledger?since={since()}&format=binary")
        state, fresh = fold(state, decode(document.body), now=0)
        taken.extend(fresh.intervals)

    def since() -> int:
        stream = pod.running.app.journal.ledger.stream
        return state.since(stream.pod, stream.incarnation)

    async def load(ages: list[int]) -> None:
        for age in ages:
            await pod.infer(age, age)

    loads = [asyncio.ensure_future(load([40 + number, 667] * 10)) for number in range(8)]
    while not all(one.done() for one in loads):
        pod.running.app.journal.ledger.seal()
        await read()
    await asyncio.gather(*loads)
    await pod.running.app.journal.sealing.finish(patience=0)
    await read()
    counts = by_field(total(taken).roles["stable"], pod.running.app.journal.ledger.layout)
    assert counts["requests"] == {"ok": 80, "caller": 0, "model": 80, "overload": 0}
    assert counts["rows"] == [160]


async def test_a_pod_waits_for_its_reader_to_have_the_last_interval(pod: Pod) -> None:
    await pod.infer(40)
    await ask(pod.admin_port, "GET", "/mooring/ledger?since=0&format=binary")
    ending = asyncio.ensure_future(pod.running.app.journal.sealing.finish())
    await asyncio.sleep(0.1)
    assert not ending.done()
    last = decode((await ask(pod.admin_port, "GET", "/mooring/ledger?since=0&format=binary")).body)
    async with asyncio.timeout(5):
        await ending
    assert last.final
    assert sum(sum(interval.roles["stable"]) for interval in last.intervals if interval.roles) > 0


async def test_a_pod_waits_for_each_of_its_readers(pod: Pod) -> None:
    await pod.infer(40)
    for reader in ("judge", "drift"):
        await ask(pod.admin_port, "GET", f"/mooring/ledger?since=0&format=binary&reader={reader}")
    ending = asyncio.ensure_future(pod.running.app.journal.sealing.finish())
    await asyncio.sleep(0.1)
    for _ in range(2):  # one of them for both is not enough
        await ask(pod.admin_port, "GET", "/mooring/ledger?since=0&format=binary&reader=judge")
    await asyncio.sleep(0.1)
    assert not ending.done()
    await ask(pod.admin_port, "GET", "/mooring/ledger?since=0&format=binary&reader=drift")
    async with asyncio.timeout(5):
        await ending


async def test_a_pod_that_nobody_reads_does_not_wait(pod: Pod) -> None:
    async with asyncio.timeout(1):
        await pod.running.app.journal.sealing.finish()


def test_a_bad_key_is_told_to_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("MOORING_ID_KEY", "short")
    with pytest.raises(CannotServe, match="MOORING_ID_KEY"):
        build(order(), loaded(AgeBackend()), lambda: True)


async def read(admin_port: int, since: int = 0) -> Reading:
    return decode((await ask(admin_port, "GET", f"/mooring/ledger?since={since}&format=binary")).body)


async def test_a_running_pod_seals_by_itself_at_multiples_of_five_seconds(real: Real) -> None:
    before = (await read(real.admin_port)).next
    async with asyncio.timeout(60):
        while not _on_time(reading := await read(real.admin_port), before):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert [interval.seq for interval in reading.intervals] == list(range(1, reading.next))
    ends = [interval.end for interval in reading.intervals]
    assert [interval.start for interval in reading.intervals[1:]] == ends[:-1]


def _on_time(reading: Reading, before: int) -> bool:
    """Tell whether two more were sealed, one of them at a multiple: a busy machine may be late at times."""
    return reading.next >= before + 2 and any(_off(interval.end) < 1000 for interval in reading.intervals[before - 1 :])


def _off(end: int) -> int:
    """Return the milliseconds to the nearest multiple of five seconds: a timer may come a little early, too."""
    return min(end % 5000, -end % 5000)


async def test_a_pod_that_ends_gives_its_last_interval_to_its_reader(real: Real, tmp_path: Path) -> None:
    with process.server(real.folder.order(), real.store, tmp_path, MOORING_DRAIN_SECONDS="0.2") as server:
        port, admin_port = await asyncio.to_thread(server.ready)
        await read(admin_port)
        for _ in range(7):
            await ask(port, "POST", INFER, artifacts.body())
        server.process.terminate()
        async with asyncio.timeout(20):
            while not (reading := await read(admin_port)).final:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        layout = Layout.from_json(reading.layout)
        assert by_field(total(reading.intervals).roles["stable"], layout)["rows"] == [7]
        assert await asyncio.to_thread(server.exit_status) == 0
