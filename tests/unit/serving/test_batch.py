from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from mooring.serving.batch import Batcher, Cost, Job, Outcome
from mooring.serving.errors import Rejected
from mooring.serving.metrics import Counters
from tests.unit.serving.conftest import AgeBackend


class Ages(Job):
    def __init__(self, *ages: float) -> None:
        super().__init__([list(ages)], len(ages))
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def deliver(self, outcome: Outcome) -> None:
        self.outcome.set_result(outcome)


def batcher(backend: AgeBackend, cost: Cost, rows: int = 1000) -> Batcher:
    return Batcher(backend, cost, Counters(), max_queued_rows=rows)


async def outcomes(jobs: Sequence[Ages]) -> list[Outcome]:
    async with asyncio.timeout(10):
        return [await job.outcome for job in jobs]


def labels(outcome: Outcome) -> list[object]:
    assert not isinstance(outcome, Exception)
    return list(outcome[0])


@pytest.mark.parametrize("cost", [Cost(0.0, 0.0), Cost(0.01, 0.0)], ids=["inline", "in a thread"])
async def test_what_comes_in_one_turn_is_computed_in_one_call_and_each_gets_its_own(cost: Cost) -> None:
    backend = AgeBackend()
    queue, jobs = batcher(backend, cost), [Ages(10), Ages(60, 20), Ages(70)]
    for job in jobs:
        queue.submit(job)
    assert [labels(outcome) for outcome in await outcomes(jobs)] == [[0], [1, 0], [1]]
    assert backend.batches == [4]


async def test_probabilities_stay_with_their_rows() -> None:
    queue, jobs = batcher(AgeBackend(), Cost(0.0, 0.0)), [Ages(10), Ages(60, 20)]
    for job in jobs:
        queue.submit(job)
    second = (await outcomes(jobs))[1]
    assert not isinstance(second, Exception)
    assert list(second[1]) == pytest.approx([0.4, 0.6, 0.8, 0.2])


async def test_a_row_that_the_model_fails_on_fails_its_own_request_only() -> None:
    queue, jobs = batcher(AgeBackend(), Cost(0.0, 0.0)), [Ages(10), Ages(666), Ages(70), Ages(667), Ages(20)]
    for job in jobs:
        queue.submit(job)
    found = await outcomes(jobs)
    assert [type(outcome) for outcome in found] == [list, ValueError, list, RuntimeError, list]
    assert labels(found[2]) == [1]


async def test_an_answer_that_is_not_finite_is_a_failure() -> None:
    queue, job = batcher(AgeBackend(), Cost(0.0, 0.0)), Ages(float("inf"))
    queue.submit(job)
    assert isinstance((await outcomes([job]))[0], ValueError)


async def test_calls_are_kept_short_however_much_waits() -> None:
    backend = AgeBackend()
    queue, jobs = batcher(backend, Cost(call=0.0, row=0.0005)), [Ages(*[10.0] * 60) for _ in range(4)]
    for job in jobs:
        queue.submit(job)
    await outcomes(jobs)
    assert backend.batches == [60, 60, 60, 60]


async def test_more_rows_than_may_wait_are_turned_away_until_there_is_room() -> None:
    queue, first = batcher(AgeBackend(), Cost(0.0, 0.0), rows=3), Ages(1, 2, 3, 4)
    queue.submit(first)
    with pytest.raises(Rejected) as refused:
        queue.submit(Ages(1))
    assert (refused.value.status, refused.value.headers) == (503, {"retry-after": "1"})
    await outcomes([first])
    again = Ages(1)
    queue.submit(again)
    assert labels((await outcomes([again]))[0]) == [0]


def test_the_cost_of_a_call_is_measured_and_bounds_the_rows_taken_together() -> None:
    cost = Cost(call=0.01, row=0.0001)
    assert cost.seconds(100) == pytest.approx(0.02)
    assert (cost.rows(0.05), cost.rows(0.001)) == (400, 64)
