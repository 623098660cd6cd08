"""The entry of a pod that looks whether there is new data: it lists what a run would read, and reads nothing."""

from __future__ import annotations

import os
import sys

from pydantic import ValidationError

from mooring.api.wire import DATA_PREFIX, LIST_ORDER_VARIABLE, ListOrder, ListReport
from mooring.artifact.digest import listing_digest
from mooring.artifact.location import credentials_from_env
from mooring.training.ending import end_on_sigterm, leave
from mooring.training.failure import RunFailed, failure
from mooring.training.load import listed_data


def main() -> int:
    """Carry out the order and return the exit status: 0, 42 where a retry cannot help, 1 where it can."""
    end_on_sigterm()
    report = attempt()
    return leave(report, f"{report.files} file(s), {report.bytes} bytes: {report.listing}")


def attempt() -> ListReport:
    """Return the report of the order in the environment."""
    try:
        data = ListOrder.model_validate_json(os.environ[LIST_ORDER_VARIABLE]).data
        entries = listed_data(data.uri, data.format, credentials_from_env(DATA_PREFIX))
    except RunFailed as error:
        return ListReport(failure=error.failure)
    except (KeyError, ValidationError):
        message = f"{LIST_ORDER_VARIABLE} holds no order; do operator and image have the same version?"
        return ListReport(failure=failure("Infrastructure", "OrderUnreadable", message))
    return ListReport(listing=listing_digest(entries), files=len(entries), bytes=sum(entry.size for entry in entries))


if __name__ == "__main__":
    sys.exit(main())
