"""Answers of both arms that wait for each other. Pure: the clock is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

WAITS = 4096
"""Answers of the shadow's own that wait for the stable's; those of the stable may be four times as many, since not
every request is mirrored."""
PATIENCE_SECONDS = 10.0


class Pairs:
    """Finds the two answers to each request."""

    def __init__(self) -> None:
        self._mine: dict[int, tuple[float, bytes]] = {}
        self._theirs: dict[int, tuple[float, bytes]] = {}
        self.unpaired = 0
        """Own answers whose other was not told in time, or had no room to wait."""

    def mine(self, key: int, answer: bytes, now: float) -> None:
        """Let an answer of the shadow's own wait."""
        self._mine[key] = (now, answer)
        if len(self._mine) > WAITS:
            del self._mine[next(iter(self._mine))]
            self.unpaired += 1

    def theirs(self, answers: Iterable[tuple[int, bytes]], now: float) -> None:
        """Let answers of the stable wait."""
        for key, answer in answers:
            self._theirs[key] = (now, answer)
        while len(self._theirs) > 4 * WAITS:
            del self._theirs[next(iter(self._theirs))]

    def matched(self, now: float) -> Iterator[tuple[bytes, bytes]]:
        """Yield each pair once, the shadow's answer first; whatever has waited too long is given up."""
        for key in self._mine.keys() & self._theirs.keys():
            yield self._mine.pop(key)[1], self._theirs.pop(key)[1]
        self.unpaired += _forget(self._mine, now - PATIENCE_SECONDS)
        _forget(self._theirs, now - PATIENCE_SECONDS)


def _forget(waiting: dict[int, tuple[float, bytes]], before: float) -> int:
    old = [key for key, (since, _) in waiting.items() if since < before]
    for key in old:
        del waiting[key]
    return len(old)
