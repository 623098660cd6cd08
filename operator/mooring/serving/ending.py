"""How a process of a serving pod ends: what it could not do it says where Kubernetes reads it, and by its status."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from mooring.api.wire import EXIT_USER
from mooring.artifact.store import PATIENCE_VARIABLE
from mooring.serving.errors import CannotServe
from mooring.serving.log import configure
from mooring.serving.settings import LastWords

_log = logging.getLogger("mooring.serving")


def run(work: Callable[[], None]) -> int:
    """Do the work of the process, and return its exit status: 0, 42 for what no restart can help, 1 otherwise."""
    configure()
    os.environ.setdefault(PATIENCE_VARIABLE, "8")  # a pod that waits in silence tells nobody why
    last_words = LastWords.from_environment(os.environ)
    try:
        work()
    except CannotServe as problem:
        last_words.write(str(problem))
        _log.error("cannot serve: %s", problem)
        return 1 if problem.retry else EXIT_USER
    except Exception as error:
        last_words.write(f"Failed: {type(error).__name__}: {error}")
        _log.exception("failed")
        return 1
    return 0
