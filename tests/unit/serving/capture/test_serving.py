"""What a serving pod keeps of its requests and of the truths told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from mooring.api.wire import CaptureOrder, ServeOrder
from mooring.serving.admin import admin_listener
from mooring.serving.app import App, build
from mooring.serving.capture.part import read_part
from mooring.serving.state import State
from tests.unit.serving import artifacts, process, store
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import Reply, ask

INFER = "/v2/models/shop/infer"
FEEDBACK = "/v2/models/shop/feedback"
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def lines(folder: Path, kind: str) -> list[dict[str, object]]:
    """Return the lines of all parts of a kind, in their order."""
    files = sorted(folder.glob(f"parts/*/{kind}-*.jsonl.gz"))
    return [line for file in files for line in read_part(file.read_bytes())[1]]


class Pod:
    def __init__(self, app: App, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self.port = 0

    async def infer(self, *ages: int, identity: str | None = None, **headers: str) -> str:
        asked = artifacts.body(len(ages), age=list(ages)) | ({"id": identity} if identity else {})
        reply = (await ask(self.port, "POST", INFER, asked, **headers)).json()
        parameters = reply["parameters"]
        assert isinstance(parameters, dict)
        return str(parameters["prediction_id"])

    async def tell(self, *truths: dict[str, object]) -> Reply:
        return await ask(self.port, "POST", FEEDBACK, list(truths))

    async def written(self, kind: str) -> list[dict[str, object]]:
        assert self.app.journal.capture is not None
        await self.app.journal.capture.writer.write()
        return lines(self.folder, kind)


def capturing(uri: str | Path, per_mille: int = 1000, asked: ServeOrder | None = None) -> ServeOrder:
    wanted = CaptureOrder(uri=str(uri), per_mille=per_mille)
    return (asked or order()).model_copy(update={"capture": wanted})


async def started(uri: str | Path, per_mille: int = 1000) -> Pod:
    pod = Pod(build(capturing(uri, per_mille), loaded(AgeBackend()), lambda: True), Path(uri))
    pod.port = await pod.app.listener.start("127.0.0.1", 0)
    return pod


@pytest.fixture
async def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pod]:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    made = await started(tmp_path)
    yield made
    made.app.listener.close()


async def test_rows_are_kept_with_their_answer_and_who_asked(pod: Pod) -> None:
    identity = await pod.infer(40, 60, identity="order-7", **{"x-mooring-role": "canary"})
    (line,) = await pod.written("rows")
    assert line["rows"] == [[age, 1200.5, True, "green"] for age in (40, 60)]
    assert (line["predictions"], line["scores"]) == ([0, 1], [0.4, 0.6])
    assert (line["id"], line["request"], line["role"]) == (identity, "order-7", "canary")


async def test_every_protocol_is_kept(pod: Pod) -> None:
    row = [39, 1200.5, True, "green"]
    first = await ask(pod.port, "POST", "/v1/models/shop:predict", {"instances": [row]})
    second = await ask(pod.port, "POST", "/invocations", {"inputs": [row]}, **{"content-type": "application/json"})
    assert (first.status, second.status) == (200, 200)
    assert [line["rows"] for line in await pod.written("rows")] == [[row], [row]]


async def test_what_was_refused_or_failed_is_not_kept(pod: Pod) -> None:
    for body in ({"inputs": []}, artifacts.body(age=[666]), artifacts.body(age=[667])):
        assert (await ask(pod.port, "POST", INFER, body)).status >= 400
    assert await pod.written("rows") == []


async def test_truths_of_kept_predictions_are_kept_once_and_only_those(pod: Pod, tmp_path: Path) -> None:
    identity = await pod.infer(40, 60)
    other = await started(tmp_path / "other", per_mille=1)
    aside = next(name for name in map(str, range(100)) if not _keeps(other, name))
    left_out = await other.infer(40, identity=aside)
    assert (await pod.tell({"id": identity, "row": 1, "truth": 0}, {"id": left_out, "truth": 1})).json()[
        "accepted"
    ] == 2
    assert (await pod.tell({"id": identity, "row": 1, "truth": 0})).json()["duplicate"] == 1
    assert (await pod.tell({"id": identity, "truth": "no class"})).status == 400
    (line,) = await pod.written("truths")
    assert (line["id"], line["row"], line["truth"]) == (identity, 1, 0)
    other.app.listener.close()


def _keeps(pod: Pod, identity: str) -> bool:
    capture = pod.app.journal.capture
    assert capture is not None
    return capture._sampler.keeps(identity.encode(), orjson.dumps(artifacts.body(1, age=[40]) | {"id": identity}))


async def test_a_request_is_kept_or_not_in_every_pod_and_when_it_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    kept: list[list[object]] = []
    for name in ("one", "two"):
        pod = await started(tmp_path / name, per_mille=300)
        for number in [*range(50), *range(50)]:
            await pod.infer(40, identity=f"order-{number}")
        kept.append([line["request"] for line in await pod.written("rows")])
        pod.app.listener.close()
    assert kept[0] == kept[1]
    assert kept[0][: len(kept[0]) // 2] == kept[0][len(kept[0]) // 2 :]
    assert 4 < len(kept[0]) / 2 < 30


async def test_without_capture_nothing_is_kept_and_its_metrics_are_not_there(tmp_path: Path) -> None:
    app = build(order(), loaded(AgeBackend()), lambda: True)
    assert app.journal.capture is None
    assert not [metric for metric in app.metrics() if "captured" in metric.name]


async def test_metrics_say_what_became_of_rows(pod: Pod) -> None:
    identity = await pod.infer(40, 60, 70)
    await pod.tell({"id": identity, "truth": [0, 1, None]})
    await pod.written("rows")
    await pod.infer(20)
    admin = admin_listener(State("Serving", pod.app))
    port = await admin.start("127.0.0.1", 0)
    text = (await ask(port, "GET", "/metrics")).body.decode()
    admin.close()
    own = 'model="shop",version="shop-v3"'
    assert f'mooring_captured_total{{{own},kind="row",result="written"}} 3' in text
    assert f'mooring_captured_total{{{own},kind="truth",result="written"}} 2' in text
    assert f"mooring_captured_waiting{{{own}}} 1" in text
    assert f"mooring_captured_parts_total{{{own}}} 2" in text


async def test_a_store_that_cannot_be_opened_fails_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOORING_ID_KEY", KEY)
    monkeypatch.setenv("MOORING_CAPTURE_AWS_ENDPOINT_URL", "no address")
    pod = await started("s3://captured/default/shop")
    await pod.infer(40)
    assert await pod.written("rows") == []
    await pod.infer(40)
    pod.app.listener.close()


async def test_the_process_writes_what_waits_before_it_ends(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "bucket" / "shop" / "1", "s3://models/shop/1")
    asked = capturing(tmp_path / "kept", asked=ServeOrder.model_validate_json(folder.order()))
    text = asked.model_dump_json(by_alias=True, exclude_none=True)
    with (
        store.bucket(tmp_path / "bucket") as address,
        process.server(text, address, tmp_path, MOORING_ID_KEY=KEY, MOORING_DRAIN_SECONDS="0.2") as server,
    ):
        port, _ = server.ready()
        assert (await ask(port, "POST", INFER, artifacts.body() | {"id": "last"})).status == 200
        server.process.terminate()
        assert server.exit_status() == 0
    assert [line["request"] for line in lines(tmp_path / "kept", "rows")] == ["last"]
