"""Schemathesis at length, against the process: `python -m bench.fuzz [--examples 1000] [--seed 0]`.

Its coverage and fuzzing phases on every operation of the document, with keys on; the tests run the same checks on fewer
examples. It fails where an answer is not what the document says, or the process logs an error.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.unit.serving import artifacts, process, store

UNSAID = "negative_data_rejection,positive_data_acceptance"
"""Other forms of a value than the described one are taken, and not all that must fit can be said in a schema."""


def main() -> int:
    """Run it, and return 1 where something failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        folder = artifacts.write(Path(scratch, "bucket", "shop", "1"), "s3://models/shop/1")
        keys = Path(scratch, "keys")
        keys.write_text("one")
        with (
            store.bucket(Path(scratch, "bucket")) as address,
            process.server(folder.order(), address, Path(scratch), MOORING_KEYS_FILE=str(keys)) as server,
        ):
            port, _ = server.ready()
            options = ["--header", "Authorization: Bearer one", "--exclude-checks", UNSAID]
            options += ["--max-examples", str(given.examples), "--seed", str(given.seed)]
            options += ["--phases", "coverage,fuzzing", "--generation-database", "none"]
            program = Path(sys.executable).with_name("st")
            status = subprocess.run(
                [str(program), "run", f"http://127.0.0.1:{port}/openapi.json", *options], check=False
            )
            trouble = server.logged()
    print("\n".join(f"it logged {line}" for line in trouble) or "no error in the log")
    return 1 if status.returncode or trouble else 0


if __name__ == "__main__":
    sys.exit(main())
