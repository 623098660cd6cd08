"""When the ledger's intervals end: at multiples of five seconds by the wall clock, and once more at the very end."""

from __future__ import annotations

import asyncio
import time

from mooring.ledger.book import Ledger
from mooring.ledger.interval import INTERVAL_SECONDS

LAST_READ_SECONDS = 12.0
"""How long a pod that has answered its last request waits for its reader: two of the reader's rounds."""
READER_SECONDS = 150.0
"""Who has not asked for so long does not come any more; the slowest reader asks once a minute."""
_MOST_READERS = 16
"""That are told apart; the one that was silent longest is forgotten."""
_POLL_SECONDS = 0.05


class Sealing:
    """Seals a ledger, and knows who reads it: each reader by a name of its own, or one would answer for another."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._timer: asyncio.TimerHandle | None = None
        self._readers: dict[str, tuple[float, int]] = {}
        """When each was last given all that was sealed, and the number of the last interval then."""

    def start(self) -> None:
        """Seal at every end of an interval from now on."""
        left = INTERVAL_SECONDS - time.time() % INTERVAL_SECONDS
        # A timer may come a little early, and would seal the same end twice.
        self._timer = asyncio.get_running_loop().call_later(left if left > 0.5 else left + INTERVAL_SECONDS, self._turn)

    def was_read(self, reader: str = "") -> None:
        """Remember that a reader was given all that is sealed."""
        self._readers.pop(reader, None)
        if len(self._readers) == _MOST_READERS:
            del self._readers[next(iter(self._readers))]
        self._readers[reader] = time.monotonic(), self._ledger.next - 1

    async def finish(self, patience: float = LAST_READ_SECONDS) -> None:
        """Seal what was counted last, and wait until all who read have seen it."""
        if self._timer is not None:
            self._timer.cancel()
        last = self._ledger.seal(final=True).seq
        began = time.monotonic()
        readers = [reader for reader, (at, _) in self._readers.items() if began - at <= READER_SECONDS]
        while any(self._has_read(one) < last for one in readers) and time.monotonic() < began + patience:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)

    def _has_read(self, reader: str) -> int:
        return self._readers.get(reader, (0.0, 0))[1]

    def _turn(self) -> None:
        self.start()  # first: one interval that cannot be sealed must not be the last one
        self._ledger.seal()
