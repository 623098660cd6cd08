"""Captured rows through the real S3 server: from requests of a serving app to rows to learn from."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
import pandas as pd
import pytest

from mooring.api.wire import CREDENTIAL_KEYS, CaptureOrder
from mooring.batch.label.order import Credentials, LabelOrder
from mooring.batch.label.report import LabelSummary
from mooring.batch.label.run import Label, execute
from mooring.serving.app import App, build
from tests.store.conftest import Keys
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import ask

BUCKET = "datasets"


class Shop:
    """A serving app that captures everything into the store."""

    def __init__(self, keys: Keys, app: App, port: int) -> None:
        self.keys = keys
        self.app = app
        self.port = port
        self.folder = keys.uri(BUCKET, "captured/default/shop")

    async def infer(self, age: int, identity: str) -> str:
        body = artifacts.body(age=[age]) | {"id": identity}
        parameters = (await ask(self.port, "POST", "/v2/models/shop/infer", body)).json()["parameters"]
        assert isinstance(parameters, dict)
        return str(parameters["prediction_id"])

    async def write(self) -> None:
        capture = self.app.journal.capture
        assert capture is not None
        await capture.writer.write()

    def label(self, **wanted: str) -> LabelSummary:
        stores = [self.keys.credentials] * 3
        asked = LabelOrder(captured=self.folder, output=f"{self.folder}/joined", **wanted)  # type: ignore[arg-type]  # texts
        return execute(Label(asked, Credentials(*stores)))

    def joined(self) -> pd.DataFrame:
        bucket, prefix = self.keys.bucket(BUCKET), f"{self.keys.prefix}/captured/default/shop/joined"
        paths = sorted(meta["path"] for batch in obstore.list(bucket, prefix) for meta in batch)
        files = [path for path in paths if path.endswith(".parquet")]
        frames = [pd.read_parquet(io.BytesIO(bytes(obstore.get(bucket, path).bytes()))) for path in files]
        return pd.concat(frames, ignore_index=True)


@pytest.fixture
async def shop(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    for key in CREDENTIAL_KEYS:
        if key in keys.credentials:
            monkeypatch.setenv(f"MOORING_CAPTURE_{key}", keys.credentials[key])
    uri = keys.uri(BUCKET, "captured/default/shop")
    asked = order().model_copy(update={"capture": CaptureOrder(uri=uri, per_mille=1000)})
    app = build(asked, loaded(AgeBackend()), lambda: True)
    yield Shop(keys, app, await app.listener.start("127.0.0.1", 0))
    app.listener.close()


async def test_rows_and_truths_go_through_the_store_to_rows_to_learn_from(shop: Shop) -> None:
    online = await shop.infer(40, "order-1")
    for number in range(2, 6):
        await shop.infer(10 * number, f"order-{number}")
    await ask(shop.port, "POST", "/v2/models/shop/feedback", {"id": online, "truth": 1})
    await shop.write()
    frame = pd.DataFrame({"order": ["order-2", "order-3", "order-2", "order-99"], "sold": [0, 1, 0, 1]})
    truth = shop.keys.put("truths/november.parquet", frame)
    summary = shop.label(truth=truth, key="order", truth_column="sold")
    found = shop.joined()
    assert dict(zip(found["mooring_request_id"], found["bought"], strict=True)) == {
        "order-1": 1,
        "order-2": 0,
        "order-3": 1,
    }
    assert summary.table is not None
    assert (summary.table.duplicate, summary.table.not_captured, summary.online) == (1, 1, 1)
    shop.label()
    assert shop.joined()["mooring_request_id"].tolist() == ["order-1"], "the same folder is written over"


async def test_a_bucket_that_is_not_there_costs_rows_and_no_request(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for key, value in keys.credentials.items():
        monkeypatch.setenv(f"MOORING_CAPTURE_{key}", value)
    capture = CaptureOrder(uri="s3://no-such-bucket/default/shop", per_mille=1000)
    app = build(order().model_copy(update={"capture": capture}), loaded(AgeBackend()), lambda: True)
    shop = Shop(keys, app, await app.listener.start("127.0.0.1", 0))
    assert await shop.infer(40, "order-1")
    await shop.write()
    assert app.journal.capture is not None
    assert app.journal.capture.writer.parts == 0
    assert await shop.infer(40, "order-1")
    app.listener.close()
