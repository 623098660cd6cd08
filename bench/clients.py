"""Other projects' clients, from their own environments, against our server: run `python -m bench.clients`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.peers.environments import python_of
from bench.peers.models import make
from bench.peers.servers import HERE, free_port, running, servers
from tests.unit.serving.store import bucket

CLIENTS = {"kserve": "ask_kserve.py", "mlserver": "ask_triton.py"}
"""Scripts by the environment that has their client."""


def main() -> int:
    """Run each client, and return 1 if any of them complains."""
    grpc_port = free_port()
    os.environ["MOORING_GRPC_PORT"] = str(grpc_port)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch, bucket(Path(scratch)) as store:
        folder = Path(scratch, "logistic")
        model = make("logistic", folder)
        with running(servers(store)[0], model, folder / "run") as (_, port):
            for peer, script in CLIENTS.items():
                command = [str(python_of(peer)), str(HERE / script), str(port), str(grpc_port)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                failed += done.returncode != 0
                print(f"{script}: {'failed' if done.returncode else 'works'}\n{done.stdout}{done.stderr[-2000:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
