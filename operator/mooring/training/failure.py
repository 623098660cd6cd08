"""How a run says that it cannot go on."""

from __future__ import annotations

from mooring.api.trainingjob import Failure, FailureClass

MESSAGE_LIMIT = 1000


class RunFailed(Exception):
    """The run ends here: `failure_class` decides whether a retry can help, the message what a person should do."""

    def __init__(self, failure_class: FailureClass, reason: str, message: str) -> None:
        super().__init__(message)
        self.failure = failure(failure_class, reason, message)


def failure(failure_class: FailureClass, reason: str, message: str) -> Failure:
    """Return the record of a failure, its message cut to what a status holds."""
    short = message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
    return Failure.model_validate({"class": failure_class, "reason": reason, "message": short})


def data_error(reason: str, message: str) -> RunFailed:
    """Return the failure of a run whose data must change."""
    return RunFailed("Data", reason, message)


def user_error(reason: str, message: str) -> RunFailed:
    """Return the failure of a run whose recipe must change."""
    return RunFailed("User", reason, message)


def listed(names: list[str], limit: int = 5) -> str:
    """Return names for a sentence: the first few, and how many more."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(repr(name) for name in names[:limit]) + more
