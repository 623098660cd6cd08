"""Zero-wait batching: whatever one turn of the event loop has parsed goes through the model in one call.

No timer: a lone request is computed in the turn in which it came. While the model computes in its thread, requests
gather, and go together when it is free.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import cast

import numpy as np

from mooring.ledger.packed import Packed
from mooring.serving.backends import Answers, AnswersFew, Backend, Column, Values
from mooring.serving.errors import overloaded
from mooring.serving.metrics import Counters

Outcome = Answers | Exception
Few = Callable[[Packed], Answers | None]
"""A faster way for a few rows: their outputs, flat, or None."""

INLINE_SECONDS = 0.001
"""A call expected to take longer leaves the event loop to a thread: handing over costs a tenth of this."""
CALL_SECONDS = 0.05
"""Requests are taken together only as long as the call stays about this short."""


class Job(ABC):
    """Rows that wait for the model: `columns[i]` holds the values of feature i."""

    __slots__ = ("columns", "rows")

    def __init__(self, columns: Sequence[Values], rows: int) -> None:
        self.columns = columns
        self.rows = rows

    @abstractmethod
    def deliver(self, outcome: Outcome) -> None:
        """Take the answers, or what the model raised for these rows; does not raise."""


@dataclass(frozen=True)
class Cost:
    """What a call is expected to take: seconds a call and seconds a row."""

    call: float
    row: float

    @classmethod
    def measure(cls, backend: Backend, columns: Sequence[Column], *, rows: int = 64, repeat: int = 3) -> Cost:
        """Return the cost by the clock, from the given rows repeated as often as needed."""
        many = [list(islice(cycle(column), rows)) for column in columns]
        few = [column[:1] for column in columns]
        small = min(_seconds(backend, few) for _ in range(repeat))
        large = min(_seconds(backend, many) for _ in range(repeat))
        return cls(call=small, row=max(large - small, 0.0) / rows)

    def seconds(self, rows: int) -> float:
        """Return what a call with that many rows takes."""
        return self.call + self.row * rows

    def rows(self, seconds: float) -> int:
        """Return how many rows fit into a call of that length; at least 64, since a call has its fixed price."""
        return max(64, int((seconds - self.call) / self.row) if self.row > 0 else 1 << 20)


class Batcher:
    """Takes jobs in order, joins those that wait, and delivers each its own answers."""

    def __init__(self, backend: Backend, cost: Cost, counters: Counters, *, max_queued_rows: int) -> None:
        self._backend = backend
        self._few: Few | None = backend.few if isinstance(backend, AnswersFew) else None
        self._cost = cost
        self._counters = counters
        self._max_queued_rows = max_queued_rows
        self._rows_per_call = cost.rows(CALL_SECONDS)
        self._queue: deque[Job] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._scheduled = False
        """Whether a turn is due, or the model's thread will call for one."""
        self.queued_rows = 0

    def submit(self, job: Job) -> None:
        """Queue a job for the end of this turn of the loop; raises Rejected (503) if too many rows wait."""
        if self.queued_rows + job.rows > self._max_queued_rows and self._queue:
            raise overloaded(
                f"{self.queued_rows} rows wait for the model, and {self._max_queued_rows} may: try again later"
            )
        self._queue.append(job)
        self.queued_rows += job.rows
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        jobs, rows = self._take()
        if not jobs:
            self._scheduled = False
            return
        loop = asyncio.get_running_loop()
        if self._cost.seconds(rows) <= INLINE_SECONDS:
            self._deliver(jobs, self._call(jobs))
            self._scheduled = bool(self._queue)
            if self._scheduled:
                loop.call_soon(self._turn)
            return

        def done(future: Future[list[Outcome]]) -> None:
            loop.call_soon_threadsafe(self._finish, jobs, future)

        self._thread.submit(self._call, jobs).add_done_callback(done)

    def _take(self) -> tuple[list[Job], int]:
        jobs: list[Job] = []
        rows = 0
        while self._queue and (not jobs or rows + self._queue[0].rows <= self._rows_per_call):
            job = self._queue.popleft()
            jobs.append(job)
            rows += job.rows
        self.queued_rows -= rows
        return jobs, rows

    def _call(self, jobs: list[Job]) -> list[Outcome]:
        started = time.perf_counter()
        outcomes = answer(self._backend, jobs, self._few)
        self._counters.model_call(sum(job.rows for job in jobs), time.perf_counter() - started)
        return outcomes

    def _finish(self, jobs: list[Job], future: Future[list[Outcome]]) -> None:
        self._deliver(jobs, future.result())
        self._turn()

    def _deliver(self, jobs: list[Job], outcomes: list[Outcome]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.deliver(outcome)


def answer(backend: Backend, jobs: Sequence[Job], few: Few | None = None) -> list[Outcome]:
    """Return every job's outcome from one call; where that fails, from its halves, so that bad rows stay alone."""
    try:
        return _split(_outputs(backend, _gathered(jobs), few), jobs)
    except Exception as error:
        if len(jobs) == 1:
            return [error]
    half = len(jobs) // 2
    return answer(backend, jobs[:half], few) + answer(backend, jobs[half:], few)


def _gathered(jobs: Sequence[Job]) -> Sequence[Values]:
    if len(jobs) == 1:
        return jobs[0].columns
    columns = [job.columns for job in jobs]
    if all(isinstance(one, Packed) for one in columns):
        return Packed.join(cast("list[Packed]", columns))
    return [list(chain.from_iterable(parts)) for parts in zip(*columns, strict=True)]


def _outputs(backend: Backend, columns: Sequence[Values], few: Few | None) -> Answers:
    if few is not None and isinstance(columns, Packed) and (outputs := few(columns)) is not None:
        return outputs
    found = backend.predict(columns)
    for output in found:
        if output.dtype.kind == "f" and not np.isfinite(output).all():
            raise ValueError("the result is not a finite number")
    return [output.ravel().tolist() for output in found]


def _split(outputs: Answers, jobs: Sequence[Job]) -> list[Outcome]:
    if len(jobs) == 1:
        return [outputs]
    rows = sum([job.rows for job in jobs])
    widths = [len(values) // rows for values in outputs]
    if rows == len(jobs):  # one each, as mostly
        rowwise = [zip(*[iter(values)] * width, strict=True) for values, width in zip(outputs, widths, strict=True)]
        return [*map(list, zip(*rowwise, strict=True))]
    outcomes: list[Outcome] = []
    start = 0
    for job in jobs:
        end = start + job.rows
        outcomes.append([values[start * width : end * width] for values, width in zip(outputs, widths, strict=True)])
        start = end
    return outcomes


def _seconds(backend: Backend, columns: Sequence[Column]) -> float:
    started = time.perf_counter()
    backend.predict(columns)
    return time.perf_counter() - started
