"""The entry of a pod that asks whether captured rows can be told from rows of the training data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import ValidationError

from mooring.api.wire import (
    ARTIFACT_PREFIX,
    CAPTURE_PREFIX,
    CLASSIFY_ORDER_VARIABLE,
    ClassifyOrder,
    ClassifyReport,
)
from mooring.artifact.location import credentials_from_env
from mooring.batch.classify.run import Look, execute
from mooring.training.ending import end_on_sigterm, leave
from mooring.training.failure import failure


def main() -> int:
    """Carry out the order and return the exit status: 0, 42 where a retry cannot help, 1 where it can."""
    end_on_sigterm()
    report = attempt()
    said = f"AUC {report.auc} ({report.low} to {report.high}) by {report.rows} and {report.reference} rows"
    return leave(report, said)


def attempt() -> ClassifyReport:
    """Return the report of the order in the environment."""
    try:
        order = ClassifyOrder.model_validate_json(os.environ[CLASSIFY_ORDER_VARIABLE])
    except (KeyError, ValidationError):
        message = f"{CLASSIFY_ORDER_VARIABLE} holds no order; do operator and image have the same version?"
        return ClassifyReport(failure=failure("Infrastructure", "OrderUnreadable", message))
    try:
        return execute(Look(order, credentials_from_env(ARTIFACT_PREFIX), credentials_from_env(CAPTURE_PREFIX)))
    except Exception as error:
        # A message of a library may quote a value of a row, and logs are read by more people than rows.
        where, last = error.__traceback__, "nowhere"
        while where is not None:
            last = f"{Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno}"
            where = where.tb_next
        message = f"{type(error).__name__} at {last}, whose message may hold values of rows and is not shown"
        return ClassifyReport(failure=failure("Infrastructure", "InternalError", message))


if __name__ == "__main__":
    sys.exit(main())
