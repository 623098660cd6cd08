"""What the tests of serving share: a fast stand-in for the model, a listening app, one real server process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from mooring.api.wire import ServeOrder
from mooring.serving.app import App, build
from mooring.serving.backends import Column, Output
from mooring.serving.batch import Cost
from mooring.serving.load import Loaded
from tests.unit.serving import artifacts, process, store


class AgeBackend:
    """Answers by age alone: probability age / 100. It fails on 666, has a bug at 667 and answers nonsense to 668."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        age = np.asarray(columns[0], dtype=np.float64)
        self.batches.append(len(age))
        if (age == 666).any():
            raise ValueError("too large")
        if (age == 667).any():
            raise RuntimeError("a bug")
        if (age == 668).any():
            return [np.array([object()] * len(age)), np.zeros((len(age), 2))]
        probability = np.stack([1 - age / 100, age / 100], axis=1)
        return [(age > 50).astype(np.int64), probability]


def loaded(backend: AgeBackend, seconds: float = 0.0) -> Loaded:
    """Return the stand-in as if it were loaded, expected to take `seconds` a call."""
    return Loaded(artifacts.manifest(), backend, Cost(call=seconds, row=0.0))


def order(**server: object) -> ServeOrder:
    record = {"uri": "s3://models/shop/1", "digest": "sha256:" + "0" * 64, "bytes": 1, "format": "Skops"}
    return ServeOrder.model_validate({"model": "shop", "version": "shop-v3", "artifact": record, "server": server})


@dataclass
class Running:
    app: App
    port: int
    backend: AgeBackend


@pytest.fixture
async def app() -> AsyncIterator[Running]:
    backend = AgeBackend()
    built = build(order(maxBatchRows=100, maxBodyBytes=20_000), loaded(backend), lambda: True)
    yield Running(built, await built.listener.start("127.0.0.1", 0), backend)
    built.listener.close()


@dataclass
class Real:
    folder: artifacts.Folder
    store: str
    port: int
    admin_port: int


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """The process with the trained pipeline, loaded from a store."""
    scratch = tmp_path_factory.mktemp("real")
    folder = artifacts.write(scratch / "bucket" / "shop" / "1", "s3://models/shop/1")
    with store.bucket(scratch / "bucket") as address, process.server(folder.order(), address, scratch) as server:
        port, admin_port = server.ready()
        yield Real(folder, address, port, admin_port)
