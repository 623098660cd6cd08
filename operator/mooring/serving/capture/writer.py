"""Puts what waits into the store: in a thread, now and then, and once more at the very end.

A store that does not take a part is asked again, later and later; parts that it did not take wait, bounded, and the
oldest ones are dropped and counted. No request ever hears of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from mooring.artifact.errors import StoreError
from mooring.serving.capture.waiting import Item, Tally, Waiting
from mooring.serving.log import event

EVERY_SECONDS = 60.0
WRITE_ROWS = 5_000
"""So many that wait are written at once."""
PENDING_BYTES = 16 << 20
LONGEST_PAUSE_SECONDS = 600.0
LAST_SECONDS = 10.0
"""How long the last part may take."""


@dataclass(frozen=True)
class Part:
    """A file that is to be written."""

    path: str
    content: bytes
    rows: int
    tally: Tally


Encode = Callable[[Sequence[Item], int], list[Part]]
"""Makes parts of items; blocks. The number is another one each time."""
Put = Callable[[str, bytes], None]
"""Writes a file; blocks. Raises StoreError."""


class Writer:
    """Empties `waiting` into the store."""

    def __init__(self, waiting: Waiting, encode: Encode, put: Put, *, every: float = EVERY_SECONDS) -> None:
        self._waiting = waiting
        self._encode = encode
        self._put = put
        self._every = every
        self._pending: deque[Part] = deque()
        self._numbers = count(1)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="capture")
        self._many = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pause = 0.0
        self.parts = 0
        self.bytes = 0

    def start(self) -> None:
        """Write now and then from now on."""
        self._task = asyncio.ensure_future(self._run())

    def added(self) -> None:
        """Hear that something was added."""
        if self._waiting.rows >= WRITE_ROWS:
            self._many.set()

    async def finish(self, patience: float = LAST_SECONDS) -> None:
        """Write what is left, for so many seconds; what the store does not take by then is dropped and counted."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.write()
        while self._pending:
            self._drop("the pod ends")

    async def write(self) -> None:
        """Write everything that waits, as far as the store takes it."""
        loop = asyncio.get_running_loop()
        if items := self._waiting.take():
            self._pending += await loop.run_in_executor(self._thread, self._encode, items, next(self._numbers))
            while sum(len(part.content) for part in self._pending) > PENDING_BYTES:
                self._drop("too many wait for the store")
        while self._pending:
            part = self._pending[0]
            try:
                await loop.run_in_executor(self._thread, self._put, part.path, part.content)
            except StoreError as error:
                self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or self._every)
                event("captured rows cannot be written", why=str(error), parts=len(self._pending), again_in=self._pause)
                return
            self._pending.popleft()
            self._pause = 0.0
            self.parts += 1
            self.bytes += len(part.content)
            part.tally.written += part.rows

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause or self._every):
                    await self._many.wait()
            self._many.clear()
            await self.write()

    def _drop(self, why: str) -> None:
        part = self._pending.popleft()
        part.tally.dropped += part.rows
        event("captured rows are dropped", why=why, rows=part.rows)
