"""The queue at work."""

from __future__ import annotations

import asyncio

from mooring.control.queue import Outcome, WorkQueue
from mooring.reconcile.plan import Key

A, B = (Key("TrainingJob", "space", name) for name in "ab")


class Work:
    """Records what is worked on, and waits at each key until told."""

    def __init__(self) -> None:
        self.began: list[Key] = []
        self.changed = asyncio.Condition()
        self.may_end = asyncio.Event()
        self.outcomes: list[Outcome | Exception] = []

    async def __call__(self, key: Key) -> Outcome:
        self.began.append(key)
        async with self.changed:
            self.changed.notify_all()
        await self.may_end.wait()
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.began) >= count)


async def test_a_key_added_while_it_is_worked_on_is_worked_on_again_and_not_at_once() -> None:
    work = Work()
    queue = WorkQueue(work, workers=2)
    queue.start()
    queue.add(A)
    await work.until(1)
    queue.add(A)
    queue.add(B)
    await work.until(2)
    assert work.began == [A, B]
    work.may_end.set()
    await work.until(3)
    assert work.began == [A, B, A]
    await queue.stop(1)


async def test_work_that_raises_is_tried_again() -> None:
    work = Work()
    work.outcomes = [RuntimeError("a bug")]
    work.may_end.set()
    queue = WorkQueue(work, workers=1)
    queue.start()
    queue.add(A)
    await work.until(2)
    await queue.stop(1)
    assert work.began == [A, A]


async def test_work_may_ask_for_another_look() -> None:
    work = Work()
    work.outcomes = [Outcome(again_in=0.01)]
    work.may_end.set()
    queue = WorkQueue(work, workers=1)
    queue.start()
    queue.add(A)
    await work.until(2)
    await queue.stop(1)


async def test_stopping_lets_work_in_hand_finish_and_begins_no_more() -> None:
    work = Work()
    queue = WorkQueue(work, workers=1)
    queue.start()
    queue.add(A)
    await work.until(1)
    queue.add(B)
    stopping = asyncio.create_task(queue.stop(5))
    await asyncio.sleep(0)
    work.may_end.set()
    await stopping
    assert work.began == [A]


async def test_work_that_never_ends_is_noticed() -> None:
    work = Work()
    queue = WorkQueue(work, workers=1)
    queue.start()
    queue.add(A)
    await work.until(1)
    assert not queue.stuck(60)
    assert queue.stuck(-1)
    await queue.stop(0)
