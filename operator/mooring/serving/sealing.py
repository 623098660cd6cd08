"""When the ledger's intervals end: at multiples of five seconds by the wall clock, and once more at the very end."""

from __future__ import annotations

import asyncio
import time

from mooring.ledger.book import Ledger
from mooring.ledger.interval import INTERVAL_SECONDS

LAST_READ_SECONDS = 12.0
"""How long a pod that has answered its last request waits for its reader: two of the reader's rounds."""
READER_SECONDS = 60.0
"""Who has not asked for so long does not come any more."""
_POLL_SECONDS = 0.05


class Sealing:
    """Seals a ledger, and knows who reads it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._timer: asyncio.TimerHandle | None = None
        self._read_at: float | None = None
        self._read_seq = 0

    def start(self) -> None:
        """Seal at every end of an interval from now on."""
        left = INTERVAL_SECONDS - time.time() % INTERVAL_SECONDS
        # A timer may come a little early, and would seal the same end twice.
        self._timer = asyncio.get_running_loop().call_later(left if left > 0.5 else left + INTERVAL_SECONDS, self._turn)

    def was_read(self) -> None:
        """Remember that a reader was given all that is sealed."""
        self._read_at = time.monotonic()
        self._read_seq = self._ledger.next - 1

    async def finish(self, patience: float = LAST_READ_SECONDS) -> None:
        """Seal what was counted last, and wait for the reader, if there is one, to have seen it."""
        if self._timer is not None:
            self._timer.cancel()
        last = self._ledger.seal(final=True).seq
        if self._read_at is None or time.monotonic() - self._read_at > READER_SECONDS:
            return
        deadline = time.monotonic() + patience
        while self._read_seq < last and time.monotonic() < deadline:  # noqa: ASYNC110 (as in the drain)
            await asyncio.sleep(_POLL_SECONDS)

    def _turn(self) -> None:
        self.start()  # first: one interval that cannot be sealed must not be the last one
        self._ledger.seal()
