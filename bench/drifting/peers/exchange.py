"""How a peer's process is told what to do, and answers: a task as JSON, arrays as .npz. numpy only."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.drifting.tables import Stream

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Job:
    """What to do, on which streams, with which files and numbers."""

    task: str
    streams: tuple[Stream, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write what `read` reads."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Job:
        """Return the job."""
        told = json.loads(path.read_text())
        streams = tuple(Stream(**{**one, "texts": tuple(one["texts"])}) for one in told.pop("streams"))
        return cls(streams=streams, **told)


def serve(tasks: Mapping[str, Callable[[Job], Arrays]]) -> None:
    """Do the job of the first argument, and write what it answers to the second."""
    job = Job.read(Path(sys.argv[1]))
    found: Mapping[str, Any] = tasks[job.task](job)
    np.savez(sys.argv[2], **found)
