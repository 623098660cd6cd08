"""The peers' environments, made once by uv in the cache; wrk, which asks them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cluster.paths import CACHE

SCIKIT_LEARN = "scikit-learn==1.9.1"
PACKAGES = {
    # MLServer 1.7.1 does not start with a newer uvloop (its issue 2286).
    "mlserver": ("mlserver==1.7.1", "mlserver-sklearn==1.7.1", "uvloop<0.22", "pandas", SCIKIT_LEARN),
    "kserve": ("kserve==0.21.0", "pandas", SCIKIT_LEARN),
    "mlflow": ("mlflow==3.17.2", SCIKIT_LEARN),
    "bentoml": ("bentoml==1.4.39", "pandas", SCIKIT_LEARN),
    # Evidently 0.7.23 is not imported with a newer pandas.
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    # NannyML 0.13.1 imports statsmodels and does not ask for it.
    "nannyml": ("nannyml==0.13.1", "statsmodels"),
    # Compared with here, and never a dependency: its licence (BSL) forbids use in production.
    "alibi": ("alibi-detect==0.13.0", "pyarrow<20"),  # with the numpy that it wants
    # River 0.23.0 imports typing_extensions and does not ask for it.
    "river": ("river==0.23.0", "typing_extensions"),
    "frouros": ("frouros==0.9.0", "pandas<3"),
    "menelaus": ("menelaus==0.2.0",),
}


class Unavailable(Exception):
    """A peer that cannot be measured here: the table says why."""


def python_of(peer: str) -> Path:
    """Return the Python that has the peer installed, installing it first if need be; raises Unavailable."""
    wanted = PACKAGES[peer]
    key = hashlib.sha256(repr((wanted, sys.version_info[:2])).encode()).hexdigest()[:12]
    folder = CACHE / "bench" / f"{peer}-{key}"
    if not (folder / "made").exists():
        print(f"installing {', '.join(wanted)} …", file=sys.stderr)
        _run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _run("uv", "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *wanted)
        (folder / "made").touch()
    return folder / "bin" / "python"


def wrk() -> str:
    """Return the program wrk, installed by apt where it is missing; raises Unavailable."""
    if not shutil.which("wrk"):
        if os.geteuid() or not shutil.which("apt-get"):
            raise Unavailable("wrk is not installed, and only root can install Debian's package")
        _run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "wrk")
    return shutil.which("wrk") or "wrk"


def _run(*command: str) -> None:
    beside = Path(sys.executable).with_name(command[0])
    program = str(beside) if beside.exists() else command[0]
    done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:3])} failed: {done.stderr.strip().splitlines()[-1:]}")
