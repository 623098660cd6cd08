"""The two ways in which serving says no: to a caller, and to Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from reprlib import Repr


class Rejected(Exception):
    """A request that is answered with an error: `message` says what is wrong, at which input, and what was expected."""

    feature: str | None = None
    """The input that was wrong, if it was one."""

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class CannotServe(Exception):
    """A pod that cannot serve its version: `reason` in CamelCase, a sentence, and whether a restart may help."""

    def __init__(self, reason: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry = retry

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def bad_input(message: str) -> Rejected:
    """Return the 400 for a caller's mistake."""
    return Rejected(HTTPStatus.BAD_REQUEST, message)


def bad_tensor(name: str, what: str) -> Rejected:
    """Return the 400 that names an input."""
    problem = bad_input(f"input {shown(name)}: {what}")
    problem.feature = name
    return problem


def too_large(message: str) -> Rejected:
    """Return the 413 for more bytes or rows than this server takes at once."""
    return Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)


def overloaded(message: str) -> Rejected:
    """Return the 503 that asks the caller to come back in a second."""
    return Rejected(HTTPStatus.SERVICE_UNAVAILABLE, message, {"retry-after": "1"})


_brief = Repr()
_brief.maxlevel, _brief.maxlist, _brief.maxdict, _brief.maxstring, _brief.maxother = 2, 4, 3, 60, 60


def shown(value: object) -> str:
    """Return a caller's value as it may stand in a message: quoted, and short however long or deep it is."""
    return _brief.repr(value)
