"""What the tool tells the person who waits for it: one line a step, on stderr, with the seconds so far.

Stdout stays free for answers that scripts read (`kubeconfig`, `images`).
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEARTBEAT_SECONDS = 20.0

_started = time.monotonic()
_lock = threading.Lock()


def say(text: str) -> None:
    """Print one line with the seconds since the command began."""
    with _lock:
        print(f"[{time.monotonic() - _started:6.1f}s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str, *, quiet_below: float = 0.0) -> Iterator[None]:
    """Say how long the body took; while it takes long, say now and then that it is still at it.

    A step that ends within `quiet_below` seconds is not worth a line.
    """
    began = time.monotonic()
    done = threading.Event()

    def heartbeat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            say(f"… {text} ({time.monotonic() - began:.0f} s so far)")

    ticker = threading.Thread(target=heartbeat, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        done.set()
    took = time.monotonic() - began
    if took >= quiet_below:
        say(f"{text}: {took:.1f} s")
