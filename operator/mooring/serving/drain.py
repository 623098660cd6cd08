"""The end without a lost request.

A pod is told to end while requests still come: those who route to it hear of it later. So it goes on answering, asks
every client to reconnect (`Connection: close`), and leaves idle connections open: closing one may cross a request that
is on its way, and a client that does not repeat would lose it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from mooring.serving.http import Listener

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Patience:
    """How long a drain takes, in seconds."""

    drain: float
    """Until then requests may come."""
    quiet: float = 5.0
    """Ends earlier when no connection is open and none has come for so long."""
    unfinished: float = 5.0
    """For requests that are still being answered after that."""


async def drain(listener: Listener, patience: Patience) -> None:
    """Answer until nobody asks any more, then close."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    listener.draining = True
    await until(lambda: _forsaken(listener, started, loop.time(), patience), patience.drain)
    listener.stop_listening()
    # A turn of the loop for what has been accepted or received, and not yet been seen.
    await asyncio.sleep(POLL_SECONDS)
    await until(lambda: not listener.busy, patience.unfinished)
    listener.close()
    await asyncio.sleep(POLL_SECONDS)


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Return when the condition holds, or the time is over."""
    # Polled: nothing on the path of a request is spent on telling a drain of it.
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)


def _forsaken(listener: Listener, started: float, now: float, patience: Patience) -> bool:
    return not listener.connections and now >= max(started, listener.last_accepted) + patience.quiet
