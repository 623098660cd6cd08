"""A model trained once by training's own code, and rows to score."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from mooring.training import run
from mooring.training.compile import Limits, compile_into
from mooring.training.run import Run, execute
from tests.unit.training.conftest import make_order, make_people


def train(folder: Path, estimator: str = "HistGradientBoostingClassifier", target: str = "employed") -> Path:
    """Return the folder of an artifact."""
    (folder / "data").mkdir(parents=True)
    make_people(600).to_parquet(folder / "data" / "part.parquet")
    order = make_order(folder, trainer={"estimator": estimator, "parameters": []}, data={"target": target})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "compile_into", functools.partial(compile_into, limits=Limits(rows=500)))
        execute(Run(order, {}, {}))
    return next((folder / "models").rglob("manifest.json")).parent


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("regression"), "LinearRegression", "age")


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes people with an id, as a file of `tmp_path/rows`."""

    def write(name: str = "rows.parquet", frame: pd.DataFrame | None = None) -> Path:
        file = tmp_path / "rows" / name
        file.parent.mkdir(exist_ok=True)
        frame = people() if frame is None else frame
        frame.to_parquet(file) if name.endswith(".parquet") else frame.to_csv(file, index=False)
        return file

    return write


def people(rows: int = 300, seed: int = 5) -> pd.DataFrame:
    frame = make_people(rows, seed)
    frame.insert(0, "id", range(1000, 1000 + rows))
    return frame
