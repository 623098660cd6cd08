"""alibi-detect: Kolmogorov-Smirnov for numbers and χ² for categories, p < 0.05 with Bonferroni over columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from alibi_detect.cd import KSDrift, TabularDrift
from numpy.typing import NDArray

from bench.drifting.peers.deciding import decide
from bench.drifting.peers.exchange import Arrays, Job, serve
from bench.drifting.peers.frames import odd, texts_of
from bench.drifting.peers.measured import measured
from bench.drifting.tables import Rows, Stream, digest, reference, windows


def _windows(job: Job) -> Arrays:
    found = [_stream(stream) for stream in job.streams]
    scores, alarms = (np.array(part) for part in zip(*found, strict=True))
    return {"scores": scores, "alarms": alarms, "digest": np.array(digest(job.streams[0]))}


def _stream(stream: Stream) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    texts = range(stream.numbers, stream.numbers + len(stream.texts))
    detector = TabularDrift(_array(reference(stream)), categories_per_feature=dict.fromkeys(texts))
    told = [detector.predict(_array(rows))["data"] for rows in windows(stream)]
    p_values = np.array([one["p_val"] for one in told], dtype=np.float64)
    return -p_values, p_values < told[0]["threshold"]


def _array(rows: Rows) -> NDArray[np.float64]:
    return np.hstack([rows.numbers, rows.codes])


def _speed(job: Job) -> Arrays:
    known, window = (np.load(job.files[name]) for name in ("reference", "window"))
    return {"measured": np.array(measured(lambda: KSDrift(known).predict(window)))}


def _odd(job: Job) -> Arrays:
    return odd(job, _drifted)


def _drifted(known: pd.DataFrame, window: pd.DataFrame) -> bool:
    """Categories as the codes that it asks for, those of the window among them."""
    texts = sorted(texts_of(known))
    codes = {
        name: {text: at for at, text in enumerate(pd.concat([known[name], window[name]]).unique())} for name in texts
    }
    both = [data.assign(**{name: data[name].map(codes[name]) for name in texts}) for data in (known, window)]
    places = {known.columns.get_loc(name): None for name in texts}
    detector = TabularDrift(both[0].to_numpy(dtype=float), categories_per_feature=places)
    return bool(detector.predict(both[1].to_numpy(dtype=float))["data"]["is_drift"])


def _decide(job: Job) -> Arrays:
    return decide(job, {"alibi-detect, KS and χ²": _drifted})


if __name__ == "__main__":
    serve({"windows": _windows, "speed": _speed, "odd": _odd, "decide": _decide})
