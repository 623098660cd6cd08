"""River's detectors of one stream: of errors, of each number of a table, and of the errors of a model in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from river import drift
from river.drift import binary, datasets

from bench.drifting.peers.exchange import Arrays, Job, serve
from bench.drifting.tables import Stream, digest, windows


class Detector(Protocol):
    """What each of them is."""

    drift_detected: bool

    def update(self, value: float) -> None:
        """Take in one value."""


DEFAULTS: dict[str, Callable[[], Detector]] = {
    "ADWIN": drift.ADWIN,
    "Page-Hinkley": drift.PageHinkley,
    "DDM": binary.DDM,
    "EDDM": binary.EDDM,
    "HDDM_A": binary.HDDM_A,
    "KSWIN": lambda: drift.KSWIN(seed=1),
}
TUNED: dict[str, Callable[[float], Detector]] = {
    "ADWIN": lambda delta: drift.ADWIN(delta=delta),
    "Page-Hinkley": lambda threshold: drift.PageHinkley(threshold=threshold),
    "KSWIN": lambda alpha: drift.KSWIN(alpha=alpha, seed=1),
}

DEFAULTS_OF_NUMBERS = {name: DEFAULTS[name] for name in ("ADWIN", "Page-Hinkley", "KSWIN")}
SERIES = {
    "coal": (datasets.UKCoalEmploy, 0, 1),
    "running": (datasets.RunLog, 0, 1),
    "airline": (datasets.AirlinePassengers, 0, 1),
    "room": (datasets.Occupancy, 0, 1),
    "oil": (datasets.BrentSpotPrice, 2000, 10),
    "Apple": (datasets.Apple, 0, 3),
    "Bitcoin": (datasets.Bitcoin, 0, 1),
}
"""From which year on, and every which row: marks are of series thinned like that, river ships some as they were."""


def alarms(detector: Detector, values: Iterable[float]) -> list[int]:
    """Return after how many values it alarmed. It begins anew by itself."""
    found = []
    for at, value in enumerate(values, 1):
        detector.update(value)
        if detector.drift_detected:
            found.append(at)
    return found


def _errors(job: Job) -> Arrays:
    """Of rows of 0 and 1 in `errors` (streams, steps): (detector's index, stream, step) of each alarm."""
    streams = np.load(job.files["errors"])
    found = []
    for index, (name, make) in enumerate(DEFAULTS.items()):
        few = int(job.numbers["slow"]) if name == "KSWIN" else len(streams)
        for stream in range(few):
            found += [(index, stream, at) for at in alarms(make(), streams[stream].astype(int).tolist())]
    return {"alarms": np.array(found, dtype=np.int64).reshape(-1, 3), "names": np.array(list(DEFAULTS))}


def _losses(job: Job) -> Arrays:
    """Of rows of numbers from 0 in `losses` (streams, steps): the alarms of detectors of any number, as `_errors`."""
    streams = np.load(job.files["losses"])
    names = ["ADWIN", "Page-Hinkley"]
    found = [
        (index, stream, at)
        for index, name in enumerate(names)
        for stream, values in enumerate(streams.tolist())
        for at in alarms(DEFAULTS[name](), values)
    ]
    return {"alarms": np.array(found, dtype=np.int64).reshape(-1, 3), "names": np.array(names)}


def _windows(job: Job) -> Arrays:
    """Of each parameter given as `ADWIN 0.002`: whether any number alarmed, (parameters, streams, windows)."""
    told = [[_any(stream, name) for stream in job.streams] for name in job.numbers]
    return {"alarms": np.array(told), "digest": np.array(digest(job.streams[0]))}


def _any(stream: Stream, parameter: str) -> NDArray[np.bool_]:
    name, value = parameter.split()
    detectors = [TUNED[name](float(value)) for _ in range(stream.numbers)]
    found = np.zeros(stream.windows, dtype=bool)
    for at, rows in enumerate(windows(stream)):
        for detector, column in zip(detectors, rows.numbers.T, strict=True):
            found[at] |= bool(alarms(detector, column.tolist()))
    return found


def _decide(job: Job) -> Arrays:
    """Detectors of the errors of the version in use: `errors` (versions, rows); a new version has a new detector."""
    errors = np.load(job.files["errors"])
    start, block = int(job.numbers["start"]), int(job.numbers["block"])
    return {f"river's {name}": _fired(make, errors, start, block) for name, make in DEFAULTS.items() if name != "KSWIN"}


def _fired(make: Callable[[], Detector], errors: NDArray[np.bool_], start: int, block: int) -> NDArray[np.bool_]:
    found = np.zeros(len(errors), dtype=bool)
    version, detector = 0, make()
    for at in range(len(errors)):
        begin = start + at * block
        found[at] = bool(alarms(detector, errors[version, begin : begin + block].astype(int).tolist()))
        if found[at]:
            version, detector = at + 1, make()
    return found


def _annotated(_: Job) -> Arrays:
    """Return the series that people annotated, their marks, and (detector's index, series, point) of each alarm.

    Detectors look at each number of a series, scaled by its own mean and deviation, which nobody knows before its end.
    """
    found: Arrays = {"series": np.array(list(SERIES)), "names": np.array(list(DEFAULTS_OF_NUMBERS))}
    told: list[tuple[int, int, int]] = []
    for at, (make, since, step) in enumerate(SERIES.values()):
        dataset = make()
        rows = [y if isinstance(y, dict) else {"value": y} for x, y in dataset if min(x.values()).year >= since]
        values = np.array([list(row.values()) for row in rows], dtype=float)[::step]
        scaled = (values - values.mean(axis=0)) / values.std(axis=0)
        for index, detector in enumerate(DEFAULTS_OF_NUMBERS.values()):
            points = {point for column in scaled.T for point in alarms(detector(), column.tolist())}
            told += [(index, at, point) for point in sorted(points) if point < len(values)]
        marks = [(who, mark) for who, marked in enumerate(dataset.annotations.values()) for mark in marked]
        found[f"values {at}"], found[f"marks {at}"] = values, np.array(marks, dtype=np.int64).reshape(-1, 2)
        found[f"annotators {at}"] = np.array(len(dataset.annotations))
    return {**found, "alarms": np.array(told, dtype=np.int64).reshape(-1, 3)}


if __name__ == "__main__":
    serve({"annotated": _annotated, "errors": _errors, "losses": _losses, "windows": _windows, "decide": _decide})
