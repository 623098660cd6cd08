"""The errors of the process, one for each decision of whoever catches them.

ConfigError             the configuration is wrong: say where, exit 2
LeaseLostError          somebody else may lead: end the process now
NameTakenError          a stranger's object has the name: say so in the status
NotYetError             something must end first that ends by itself: look again soon
ApiError                the API server did not do what was asked:
├─ UnavailableError     not now (5xx, 429, timeouts, connections): try again with backoff
├─ MissingError         404: what was addressed is not there
├─ ConflictError        409: it exists already, belongs to somebody else, or changed meanwhile
└─ RefusedError         4xx: asking again will not help; tell people, try again slowly
"""

from __future__ import annotations


class ConfigError(Exception):
    """The operator's configuration cannot be used. The message says where and what to write instead."""


class LeaseLostError(Exception):
    """The process may no longer write."""


class ApiError(Exception):
    """An answer of the API server that is not a success, or no answer (`status` 0)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message or reason)
        self.status = status
        self.reason = reason


class UnavailableError(ApiError):
    """The API server cannot answer now: try again with backoff."""


class MissingError(ApiError):
    """What was addressed is not there."""


class ConflictError(ApiError):
    """It exists already, fields of it belong to somebody else, or it changed since it was read."""


class RefusedError(ApiError):
    """The request itself is not acceptable, now or later: tell people."""


def api_error(status: int, reason: str, message: str) -> ApiError:
    """Return the error whose class says what to do about an answer of the API server."""
    if status in (0, 408, 429) or status >= 500 or reason in ("Expired", "Timeout"):
        return UnavailableError(status, reason, message)
    if status == 404:
        return MissingError(status, reason, message)
    if status == 409:
        return ConflictError(status, reason, message)
    return RefusedError(status, reason, message)


class NameTakenError(Exception):
    """A stranger's object (`taken`: "Service income") holds a name that a plan needs."""

    def __init__(self, taken: str) -> None:
        super().__init__(f"{taken} exists and is not ours")
        self.taken = taken


class NotYetError(Exception):
    """A write must wait for something that ends by itself, such as an object that is being collected."""
