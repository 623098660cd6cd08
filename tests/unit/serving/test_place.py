"""What runs before a server of the user's own: verified files in a folder, or the reason why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mooring.artifact.folder import file_entry, files_below, stored
from tests.unit.serving import artifacts, store
from tests.unit.serving.process import SOURCE


def place(order: str, address: str, scratch: Path, **more: str) -> tuple[int, str, list[str]]:
    """Return exit status, last words, and the names of what lies in the folder afterwards."""
    folder, words = scratch / "models", scratch / "words"
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCE),
        "MOORING_SERVE_ORDER": order,
        "MOORING_MODEL_DIR": str(folder),
        "MOORING_TERMINATION_PATH": str(words),
        "MOORING_LOAD_SECONDS": "0",
        "MOORING_STORE_PATIENCE_SECONDS": "0.1",
        "MOORING_ARTIFACT_AWS_ENDPOINT_URL": address,
        "MOORING_ARTIFACT_AWS_ACCESS_KEY_ID": "key",
        "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY": "secret",
        **more,
    }
    command = [sys.executable, "-X", "importtime", "-m", "mooring.serving.place"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "sklearn" not in done.stderr, "what a model needs is not loaded to fetch it"
    said = words.read_text() if words.exists() else ""
    return done.returncode, said, sorted(file.name for file in folder.iterdir()) if folder.exists() else []


def test_verified_files_are_put_where_the_server_finds_them(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "bucket" / "shop" / "1", "s3://models/shop/1")
    with store.bucket(tmp_path / "bucket") as address:
        status, said, placed = place(folder.order(), address, tmp_path)
    assert (status, said) == (0, "")
    assert placed == sorted(file.name for file in folder.path.iterdir())


def test_whatever_a_server_reads_is_put_there_with_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "bucket" / "shop" / "1"
    (folder / "plain" / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text("name: 'plain'")
    (folder / "plain" / "1" / "model.bin").write_bytes(b"1234")
    held = stored(file_entry(file, folder) for file in files_below(folder))
    artifact = {"uri": "s3://models/shop/1/", "digest": held.digest, "bytes": held.bytes, "format": "Files"}
    order = json.dumps({"model": "shop", "version": "shop-v1", "artifact": artifact})
    with store.bucket(tmp_path / "bucket") as address:
        status, said, placed = place(order, address, tmp_path)
    assert (status, said, placed) == (0, "", ["config.pbtxt", "plain"])
    assert (tmp_path / "models" / "plain" / "1" / "model.bin").read_bytes() == b"1234"


def test_changed_files_are_not_left_for_the_server_to_find(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "bucket" / "shop" / "1", "s3://models/shop/1")
    golden = folder.path / "golden.json"
    golden.write_text(golden.read_text().replace("0.", "1.", 1))
    with store.bucket(tmp_path / "bucket") as address:
        status, said, placed = place(folder.order(), address, tmp_path)
    assert (status, placed) == (42, [])
    assert said.startswith("DigestMismatch: ")


def test_a_store_that_is_away_and_an_order_without_a_folder_are_said(tmp_path: Path) -> None:
    order = artifacts.write(tmp_path / "shop" / "1", "s3://models/shop/1").order()
    status, said, _ = place(order, "http://127.0.0.1:9", tmp_path)
    assert (status, said.partition(":")[0]) == (1, "StoreUnavailable")
    status, said, _ = place(order, "http://127.0.0.1:9", tmp_path, MOORING_MODEL_DIR="")
    assert (status, said.partition(":")[0]) == (42, "InvalidOrder")
