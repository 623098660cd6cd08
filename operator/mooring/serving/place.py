"""`python -m mooring.serving.place`: put a version's verified files where a server of the user's own finds them.

Runs before that server starts, which therefore never sees a file that is not the recorded one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mooring.api.wire import MODEL_DIR_VARIABLE
from mooring.serving.ending import run
from mooring.serving.errors import CannotServe
from mooring.serving.fetch import fetch_patiently
from mooring.serving.log import event
from mooring.serving.settings import Settings


def place(settings: Settings, folder: str | None) -> None:
    """Fetch the ordered version's files into `folder`; raises CannotServe."""
    if not folder:
        raise CannotServe("InvalidOrder", f"{MODEL_DIR_VARIABLE} is not set: it says where the files go")
    fetch_patiently(settings.order, Path(folder), settings.load_seconds)
    event("placed", model=settings.order.model, version=settings.order.version, folder=folder)


if __name__ == "__main__":
    sys.exit(run(lambda: place(Settings.from_environment(os.environ), os.environ.get(MODEL_DIR_VARIABLE))))
