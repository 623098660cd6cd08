"""The training pod's entry: an order from the environment, a report into the termination message."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path

from pydantic import ValidationError

from mooring.api.trainingjob import FailureClass
from mooring.api.wire import (
    ARTIFACT_PREFIX,
    DATA_PREFIX,
    EXIT_USER,
    TERMINATION_PATH_VARIABLE,
    TRAIN_ORDER_VARIABLE,
    TrainOrder,
    TrainReport,
)
from mooring.artifact.location import credentials_from_env
from mooring.training.failure import RunFailed, failure
from mooring.training.journal import Journal
from mooring.training.report import encode, failed
from mooring.training.run import Run, execute

EXIT_RETRY = 1
EXIT_TERMINATED = 128 + signal.SIGTERM


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


def exit_status(failure_class: FailureClass) -> int:
    """Return the exit status for a class of failure."""
    return EXIT_RETRY if failure_class in ("Infrastructure", "Deadline") else EXIT_USER


def end_on_sigterm() -> None:
    """End at once on SIGTERM: nothing that a run has begun needs to be undone.

    A thread does it, told by a pipe: a handler alone would run only when the fit returns from native code.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGTERM, lambda *_: None)

    def wait() -> None:
        os.read(told, 1)
        os._exit(EXIT_TERMINATED)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
