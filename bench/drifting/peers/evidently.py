"""Evidently: the test that it chooses for a column, with its own threshold; the preset for speed and odd windows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType
from evidently.presets import DataDriftPreset

from bench.drifting.peers.deciding import decide
from bench.drifting.peers.exchange import Arrays, Job, serve
from bench.drifting.peers.frames import frame, odd, texts_of
from bench.drifting.peers.measured import measured
from bench.drifting.tables import Stream, digest, reference, windows


def _windows(job: Job) -> Arrays:
    found = [_stream(stream) for stream in job.streams]
    scores, alarms = (np.array(part) for part in zip(*found, strict=True))
    return {"scores": scores, "alarms": alarms, "digest": np.array(digest(job.streams[0]))}


def _stream(stream: Stream) -> tuple[list[list[float]], list[list[bool]]]:
    known = frame(reference(stream))
    texts = texts_of(known)
    scores, alarms = [], []
    for rows in windows(stream):
        window = frame(rows)
        tests = [_test(known[name], window[name], text=name in texts) for name in known]
        # A p-value falls with drift, a distance grows.
        scores.append([-score if is_p else score for score, is_p, _ in tests])
        alarms.append([alarm for *_, alarm in tests])
    return scores, alarms


def _test(known: pd.Series, window: pd.Series, *, text: bool) -> tuple[float, bool, bool]:
    kind = ColumnType.Categorical if text else ColumnType.Numerical
    test = get_stattest(known, window, kind, None)
    found = test(known, window, kind, None)
    return float(found.drift_score), len(known) <= 1000, bool(found.drifted)


def _preset(known: pd.DataFrame, window: pd.DataFrame) -> list[dict[str, object]]:
    texts = [name for name in known if name in texts_of(known)]
    about = DataDefinition(numerical_columns=[name for name in known if name not in texts], categorical_columns=texts)
    both = [Dataset.from_pandas(data, data_definition=about) for data in (window, known)]
    return list(Report([DataDriftPreset()]).run(*both).dict()["metrics"])


def _speed(job: Job) -> Arrays:
    known, window = (pd.DataFrame(np.load(job.files[name])) for name in ("reference", "window"))
    known.columns = window.columns = [f"x{at}" for at in range(known.shape[1])]
    return {"measured": np.array(measured(lambda: _preset(known, window)))}


def _odd(job: Job) -> Arrays:
    return odd(job, _drifted)


def _drifted(known: pd.DataFrame, window: pd.DataFrame) -> bool:
    found = _preset(known, window)
    values = {str(metric["metric_name"]): metric["value"] for metric in found}
    alarms = []
    for name, value in values.items():
        if name.startswith("ValueDrift"):
            is_p, threshold = "p_value" in name, float(name.rsplit("threshold=", 1)[1].rstrip(")"))
            alarms.append(float(str(value)) < threshold if is_p else float(str(value)) >= threshold)
    return any(alarms)


def _decide(job: Job) -> Arrays:
    return decide(
        job,
        {
            "Evidently, half of the columns": lambda known, window: float(np.mean(_columns(known, window))) >= 0.5,
            "Evidently, any column": lambda known, window: any(_columns(known, window)),
        },
    )


def _columns(known: pd.DataFrame, window: pd.DataFrame) -> list[bool]:
    texts = texts_of(known)
    return [_test(known[name], window[name], text=name in texts)[2] for name in known]


if __name__ == "__main__":
    serve({"windows": _windows, "speed": _speed, "odd": _odd, "decide": _decide})
