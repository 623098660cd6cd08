"""The artifact, fetched and verified before any byte of it is interpreted. Imports no library that a model needs."""

from __future__ import annotations

import time
from pathlib import Path

from mooring.api.wire import ARTIFACT_PREFIX, ServeOrder
from mooring.artifact.errors import ArtifactMismatch, ArtifactMissing, StoreRefused, StoreUnavailable
from mooring.artifact.folder import fetch_files
from mooring.serving.errors import CannotServe
from mooring.serving.log import event

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


def fetch_patiently(order: ServeOrder, folder: Path, seconds: float) -> None:
    """Fetch into `folder`, again for that many seconds while the store cannot be reached; blocks.

    Raises CannotServe, with `retry` where the store was the reason.
    """
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return _fetch(order, folder)
        except CannotServe as problem:
            if not problem.retry or time.monotonic() + pause > deadline:
                raise
            event("the artifact cannot be fetched yet", reason=problem.reason, why=problem.message, again_in=pause)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _fetch(order: ServeOrder, folder: Path) -> None:
    try:
        fetch_files(order.artifact, ARTIFACT_PREFIX, folder)
    except StoreUnavailable as error:
        raise CannotServe("StoreUnavailable", str(error), retry=True) from error
    except StoreRefused as error:
        raise CannotServe("StoreRefused", str(error)) from error
    except ArtifactMissing as error:
        raise CannotServe("ArtifactMissing", str(error)) from error
    except ArtifactMismatch as error:
        raise CannotServe("DigestMismatch", str(error)) from error
