"""Why a demonstration ends early."""

from __future__ import annotations


class DemoFailed(Exception):
    """A step did not work: what went wrong in a sentence, and the commands that show more."""

    def __init__(self, message: str, *look_at: str) -> None:
        super().__init__(message)
        self.look_at = look_at
