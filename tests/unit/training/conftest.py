"""Generated data and orders to train on them, between folders of this machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mooring.api.wire import TrainOrder
from mooring.cli.recipe import LocalSpec
from mooring.training import run
from mooring.training.compile import Limits, compile_into


def make_people(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return rows with a column of every type, some values missing, and a target that can be learned."""
    random = np.random.default_rng(seed)
    people = pd.DataFrame(
        {
            "age": random.integers(16, 90, rows),
            "wage": random.lognormal(8, 1, rows),
            "job": random.choice(["baker", "clerk", "miner"], rows),
            "citizen": random.random(rows) < 0.9,
        }
    )
    people["employed"] = (people["age"] + 20 * (people["job"] == "baker") + random.normal(0, 10, rows) > 55).astype(int)
    people.loc[random.random(rows) < 0.05, "wage"] = np.nan
    people.loc[random.random(rows) < 0.05, "job"] = None
    return people


def make_order(folder: Path, **changes: object) -> TrainOrder:
    """Return an order; `data`, `trainer` and `evaluation` change its spec, the rest itself."""
    spec = {
        "data": {"uri": f"{folder}/data", "target": "employed", **changes.pop("data", {})},
        "trainer": {
            "sklearn": {
                "estimator": "HistGradientBoostingClassifier",
                "parameters": [{"name": "max_iter", "value": "10"}],
                **changes.pop("trainer", {}),
            }
        },
        "evaluation": changes.pop("evaluation", {}),
        "output": {"uri": f"{folder}/models"},
    }
    order = {"namespace": "demo", "name": "income", "model": "income", "run": 1, "run_id": "0123abcd"}
    order |= {"request": "recipe/x", "recipe_hash": "v1:x", "image": "image@sha256:x"} | changes
    return TrainOrder.model_validate(order | {"spec": LocalSpec.model_validate(spec)})


@pytest.fixture(autouse=True)
def brief_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare compiled models on fewer rows than a training pod does; `test_compile.py` takes its time."""
    monkeypatch.setattr(run, "compile_into", functools.partial(compile_into, limits=Limits(rows=2000)))


@pytest.fixture
def people() -> Callable[..., pd.DataFrame]:
    return make_people


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., TrainOrder]:
    """Return a factory of orders that read `tmp_path/data` and write `tmp_path/models`."""

    def make(**changes: object) -> TrainOrder:
        return make_order(tmp_path, **changes)

    return make


@pytest.fixture
def store_rows(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a frame as a Parquet file below `tmp_path/data`."""

    def store(frame: pd.DataFrame, name: str = "part-0.parquet") -> Path:
        (tmp_path / "data").mkdir(exist_ok=True)
        frame.to_parquet(tmp_path / "data" / name)
        return tmp_path / "data" / name

    return store
