"""Following something until it is done: a line whenever it says something new, and an end in any case."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from demo.errors import DemoFailed
from demo.say import say

Seen = TypeVar("Seen")

POLL_SECONDS = 0.4


def follow(
    what: str,
    look: Callable[[], Seen],
    *,
    tell: Callable[[Seen], str],
    done: Callable[[Seen], bool],
    seconds: float,
    look_at: tuple[str, ...] = (),
) -> Seen:
    """Return what is seen once it is done; raises DemoFailed after `seconds`."""
    deadline, told = time.monotonic() + seconds, ""
    while True:
        seen = look()
        if (news := tell(seen)) and news != told:
            say(news)
            told = news
        if done(seen):
            return seen
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what}: not within {seconds:.0f} s; last seen: {told or 'nothing'}", *look_at)
        time.sleep(POLL_SECONDS)
