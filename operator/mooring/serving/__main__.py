"""`python -m mooring.serving`: serve one model version until told to end.

The exit status is 0 after a drain, 42 for what no restart can help, 1 otherwise; the reason is in the log and in the
pod's termination message.
"""

from __future__ import annotations

import logging
import os
import sys

import uvloop

from mooring.api.wire import EXIT_USER
from mooring.artifact.store import PATIENCE_VARIABLE
from mooring.serving.errors import CannotServe
from mooring.serving.lifecycle import serve
from mooring.serving.log import configure
from mooring.serving.settings import LastWords, Settings

_log = logging.getLogger("mooring.serving")


def main() -> int:
    """Run the process, and return its exit status."""
    configure()
    os.environ.setdefault(PATIENCE_VARIABLE, "8")  # a pod that waits in silence tells nobody why
    last_words = LastWords.from_environment(os.environ)
    try:
        uvloop.run(serve(Settings.from_environment(os.environ)))
    except CannotServe as problem:
        last_words.write(str(problem))
        _log.error("cannot serve: %s", problem)
        return 1 if problem.retry else EXIT_USER
    except Exception as error:
        last_words.write(f"Failed: {type(error).__name__}: {error}")
        _log.exception("failed")
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)  # threads that still load or compute must not hold the end up
