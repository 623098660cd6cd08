"""Frouros: Kolmogorov-Smirnov for numbers and χ² for categories, by column; p < 0.05 is its documentation's."""

from __future__ import annotations

import numpy as np
import pandas as pd
from frouros.detectors.data_drift import ChiSquareTest, KSTest
from numpy.typing import NDArray

from bench.drifting.peers.exchange import Arrays, Job, serve
from bench.drifting.peers.frames import odd, texts_of
from bench.drifting.tables import Stream, digest, reference, windows

P_VALUE = 0.05


def _windows(job: Job) -> Arrays:
    p_values = np.array([_stream(stream) for stream in job.streams])
    return {"scores": -p_values, "alarms": p_values < P_VALUE, "digest": np.array(digest(job.streams[0]))}


def _stream(stream: Stream) -> list[list[float]]:
    known = reference(stream)
    tests = [_fitted(KSTest(), column) for column in known.numbers.T]
    tests += [_fitted(ChiSquareTest(), column) for column in known.codes.T]
    return [
        [_p(*pair) for pair in zip(tests, [*rows.numbers.T, *rows.codes.T], strict=True)] for rows in windows(stream)
    ]


def _fitted(test: KSTest | ChiSquareTest, column: NDArray[np.generic]) -> KSTest | ChiSquareTest:
    test.fit(X=column)
    return test


def _p(test: KSTest | ChiSquareTest, column: NDArray[np.generic]) -> float:
    return float(test.compare(X=column)[0].p_value)


def _odd(job: Job) -> Arrays:
    return odd(job, _drifted)


def _drifted(known: pd.DataFrame, window: pd.DataFrame) -> bool:
    texts = texts_of(known)
    tests = {name: _fitted(ChiSquareTest() if name in texts else KSTest(), known[name].to_numpy()) for name in known}
    return any(_p(test, window[name].to_numpy()) < P_VALUE for name, test in tests.items())


if __name__ == "__main__":
    serve({"windows": _windows, "odd": _odd})
