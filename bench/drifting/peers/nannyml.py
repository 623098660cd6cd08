"""NannyML: Jensen-Shannon by column, thresholds of three standard deviations over chunks of the reference."""

from __future__ import annotations

import nannyml
import numpy as np
import pandas as pd

from bench.drifting.peers.deciding import decide
from bench.drifting.peers.exchange import Arrays, Job, serve
from bench.drifting.peers.frames import frame, odd, texts_of
from bench.drifting.peers.measured import measured
from bench.drifting.tables import Stream, digest, reference, windows

JS = "jensen_shannon"
LEAST = 500
"""Rows of a chunk of the reference."""


def _calculator(known: pd.DataFrame, rows: int) -> nannyml.UnivariateDriftCalculator:
    made = nannyml.UnivariateDriftCalculator(
        column_names=list(known), continuous_methods=[JS], categorical_methods=[JS], chunk_size=rows
    )
    return made.fit(known)


def _categories(data: pd.DataFrame) -> pd.DataFrame:
    return data.astype(dict.fromkeys(texts_of(data), "category"))


def _windows(job: Job) -> Arrays:
    found = [_stream(stream) for stream in job.streams]
    scores, alarms = (np.array(part) for part in zip(*found, strict=True))
    return {"scores": scores, "alarms": alarms, "digest": np.array(digest(job.streams[0]))}


def _stream(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    known = _categories(frame(reference(stream)))
    calculator = _calculator(known, stream.rows)
    seen = _categories(pd.concat([frame(rows) for rows in windows(stream)], ignore_index=True))
    told = calculator.calculate(seen).filter(period="analysis").to_df()
    base = calculator.result.filter(period="reference").to_df()
    scores, alarms = [], []
    for name in known:
        middle = float(base[(name, JS, "value")].mean())
        room = float(told[(name, JS, "upper_threshold")].iloc[0]) - middle
        scores.append((told[(name, JS, "value")].to_numpy(dtype=float) - middle) / max(room, 1e-12))
        alarms.append(told[(name, JS, "alert")].to_numpy(dtype=bool))
    return np.stack(scores, axis=1), np.stack(alarms, axis=1)


def _speed(job: Job) -> Arrays:
    known, window = (pd.DataFrame(np.load(job.files[name])) for name in ("reference", "window"))
    known.columns = window.columns = [f"x{at}" for at in range(known.shape[1])]
    return {"measured": np.array(measured(lambda: _calculator(known, len(known) // 10).calculate(window)))}


def _odd(job: Job) -> Arrays:
    return odd(job, _drifted)


def _drifted(known: pd.DataFrame, window: pd.DataFrame) -> bool:
    calculator = _calculator(_categories(known), max(LEAST, len(window)))
    told = calculator.calculate(_categories(window)).filter(period="analysis").to_df()
    return bool(told.xs("alert", axis=1, level=2).to_numpy().any())


def _decide(job: Job) -> Arrays:
    return decide(job, {"NannyML, any column": _drifted})


if __name__ == "__main__":
    serve({"windows": _windows, "speed": _speed, "odd": _odd, "decide": _decide})
