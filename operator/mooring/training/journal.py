"""What a run tells people as it goes, and how long each step took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Journal:
    """Prints lines with the seconds since the start, and keeps the seconds of each step."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self.seconds: dict[str, float] = {}

    def say(self, line: str) -> None:
        """Print one line."""
        print(f"{time.monotonic() - self._start:7.2f}s  {line}", flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        start = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - start, 3)
