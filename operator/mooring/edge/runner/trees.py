"""Scores of tree ensembles, by ONNX Runtime. Not imported for a linear model, which needs neither it nor numpy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from .matrix import Rows


def trees(spec: dict[str, Any], folder: Path) -> Callable[[Rows], Rows]:
    """Return the function from the matrix to scores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = (folder / "model.onnx").read_bytes()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    leaves = np.load(folder / "leaves.npy", allow_pickle=False) if spec.get("hasLeaves") else None
    baseline = np.array(spec["baseline"], dtype=np.float64)

    def scores(rows: Rows) -> Rows:
        matrix = np.array(rows, dtype=np.float64)
        if spec["roundsToSingle"]:
            matrix = matrix.astype(np.float32).astype(np.float64)
        found = session.run(["scores"], {"matrix": matrix})[0]
        if leaves is not None:
            found = leaves[found.T.astype(np.int64)].sum(axis=0)
        listed: Rows = ((found + baseline) / spec.get("divisor", 1.0)).tolist()
        return listed

    return scores
