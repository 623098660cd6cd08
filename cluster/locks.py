"""One of us at a time: two `up`s, or two builds of the same thing, wait for each other.

The kernel drops the lock when its holder dies, so a killed command leaves nothing to clean.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.say import say


@contextmanager
def locked(path: Path, *, waiting_for: str) -> Iterator[None]:
    """Hold the lock file `path`; says what it waits for when someone else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process: {waiting_for}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
