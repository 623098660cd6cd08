"""Running other programs: their output is kept, and shown when they fail."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cluster.errors import ClusterError

TAIL_LINES = 25


def run(
    command: Sequence[str | Path],
    *,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run to the end and return stdout.

    `env` is added to the environment. Raises ClusterError with the end of the output when the program fails.
    """
    words = [str(word) for word in command]
    try:
        finished = subprocess.run(
            words,
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**os.environ, **(env or {})},
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{words[0]}: not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{' '.join(words[:4])} … gave no answer within {timeout:.0f} s") from error
    if finished.returncode != 0:
        output = (finished.stdout + finished.stderr).strip().splitlines()
        tail = "\n  ".join(output[-TAIL_LINES:])
        raise ClusterError(f"{' '.join(words[:6])} … failed ({finished.returncode}):\n  {tail}")
    return finished.stdout


def succeeds(command: Sequence[str | Path]) -> bool:
    """Whether the program exits with 0; its output and its absence do not matter."""
    try:
        run(command)
    except ClusterError:
        return False
    return True
