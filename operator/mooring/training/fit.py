"""Fitting, with scikit-learn's complaints as answers to the user."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from mooring.training.failure import RunFailed, user_error
from mooring.training.pipeline import for_serving


def fit(pipeline: Pipeline, frame: pd.DataFrame, target: NDArray[Any]) -> tuple[Pipeline, list[str]]:
    """Return the pipeline fitted to the training part, and what scikit-learn warned of.

    Raises RunFailed: User where the parameters do not go together or with the data, OutOfMemory.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pipeline.fit(frame, target)
    except (ValueError, TypeError) as error:
        raise user_error("FitFailed", f"scikit-learn refuses to fit: {_first_line(error)}") from None
    except MemoryError:
        raise out_of_memory() from None
    return for_serving(pipeline), sorted({_first_line(warning.message) for warning in caught})


def out_of_memory() -> RunFailed:
    """Return the failure of a run whose memory does not suffice."""
    message = "the memory does not suffice; raise run.resources.limits.memory, or train on fewer rows or columns"
    return RunFailed("OutOfMemory", "OutOfMemory", message)


def processors() -> int:
    """Return how many CPUs this process may use, at least one: the control group's quota, else its affinity."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        pass
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:500] if lines else type(error).__name__
