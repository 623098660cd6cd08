"""Why a request is answered with an error."""

from __future__ import annotations


class Refused(Exception):
    """`status` is HTTP's; the message says what is wrong, at which input, and what was expected."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
