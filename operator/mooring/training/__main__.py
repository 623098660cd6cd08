"""The training pod's entry: an order from the environment, a report into the termination message."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from pydantic import ValidationError

from mooring.api.wire import (
    ARTIFACT_PREFIX,
    DATA_PREFIX,
    TERMINATION_PATH_VARIABLE,
    TRAIN_ORDER_VARIABLE,
    TrainOrder,
    TrainReport,
)
from mooring.artifact.location import credentials_from_env
from mooring.training.ending import end_on_sigterm, exit_status
from mooring.training.failure import RunFailed, failure
from mooring.training.journal import Journal
from mooring.training.report import encode, failed
from mooring.training.run import Run, execute


def main() -> int:
    """Carry out the order and return the exit status: 0, 42 where a retry cannot help, 1 where it can."""
    end_on_sigterm()
    journal = Journal()
    report = attempt(journal)
    Path(os.environ.get(TERMINATION_PATH_VARIABLE, "/dev/termination-log")).write_text(encode(report))
    return exit_status_of(report)


def attempt(journal: Journal) -> TrainReport:
    """Return the report of the order in the environment, whatever happens."""
    try:
        order = TrainOrder.model_validate_json(os.environ[TRAIN_ORDER_VARIABLE])
        journal.say(f"run {order.run} ({order.run_id}) of {order.namespace}/{order.name}: {order.request}")
        credentials = credentials_from_env(DATA_PREFIX), credentials_from_env(ARTIFACT_PREFIX)
        return execute(Run(order, *credentials, journal))
    except RunFailed as error:
        what = error.failure
    except (KeyError, ValidationError):
        message = f"{TRAIN_ORDER_VARIABLE} holds no order; do operator and image have the same version?"
        what = failure("Infrastructure", "OrderUnreadable", message)
    except Exception as error:  # the last resort: whatever it was, somebody must be told
        traceback.print_exc()
        message = f"{type(error).__name__}, a mistake in Mooring; the pod's log has the traceback"
        what = failure("Infrastructure", "InternalError", message)
    journal.say(f"failed: {what.class_}, {what.reason}: {what.message}")
    return failed(what, journal.seconds)


def exit_status_of(report: TrainReport) -> int:
    """Return the exit status that goes with a report."""
    return 0 if report.failure is None else exit_status(report.failure.class_)


if __name__ == "__main__":
    sys.exit(main())
