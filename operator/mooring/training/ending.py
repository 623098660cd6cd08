"""How the process of a run, or of a look, ends: its last words, its exit status, and SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from mooring.api.trainingjob import FailureClass
from mooring.api.wire import EXIT_USER, TERMINATION_PATH_VARIABLE, ClassifyReport, ListReport

EXIT_RETRY = 1
EXIT_TERMINATED = 128 + signal.SIGTERM


def exit_status(failure_class: FailureClass) -> int:
    """Return the exit status for a class of failure."""
    return EXIT_RETRY if failure_class in ("Infrastructure", "Deadline") else EXIT_USER


def leave(report: ListReport | ClassifyReport, said: str) -> int:
    """Leave the report of a look as its pod's last words, tell people (`said`, or why it failed); return the status."""
    Path(os.environ.get(TERMINATION_PATH_VARIABLE, "/dev/termination-log")).write_text(report.encode())
    if report.failure is None:
        print(said)
        return 0
    print(f"failed: {report.failure.reason}: {report.failure.message}", file=sys.stderr)
    return exit_status(report.failure.class_)


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
