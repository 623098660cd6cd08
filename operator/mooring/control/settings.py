"""What the command line says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass

from mooring.control.logs import Format


@dataclass(frozen=True)
class Settings:
    """How this process runs, as opposed to what the operator does."""

    config: str | None
    kubeconfig: str | None
    context: str | None
    lease: bool
    lease_namespace: str
    lease_name: str
    lease_seconds: float
    host: str
    port: int
    log_format: Format
    log_level: str


def parse(arguments: Sequence[str] | None = None) -> Settings:
    """Return the settings, or exit with a message."""
    parser = argparse.ArgumentParser(prog="python -m mooring.control", description="The Mooring operator.")
    add = parser.add_argument
    add("--config", default=os.environ.get("MOORING_CONFIG"), help="YAML file with the operator's configuration")
    add("--kubeconfig", help="kubeconfig to use (default: $KUBECONFIG; in a pod: its service account)")
    add("--context", help="context of the kubeconfig (default: its current one)")
    add("--no-lease", dest="lease", action="store_false", help="do not elect a leader: only when alone, on a laptop")
    add("--lease-name", default="mooring-operator", help="name of the Lease (default: %(default)s)")
    add(
        "--namespace",
        dest="lease_namespace",
        default=os.environ.get("MOORING_NAMESPACE", "mooring-system"),
        help="namespace of the Lease (default: %(default)s)",
    )
    add("--lease-seconds", type=float, default=15.0, help="how long a dead leader is waited for (default: %(default)s)")
    add("--host", default="0.0.0.0", help="address of probes and metrics")  # noqa: S104  # the kubelet is outside
    add("--port", type=int, default=8080, help="port of probes and metrics (default: %(default)s)")
    add("--log-format", choices=("json", "text"), default="json")
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return Settings(**vars(parser.parse_args(arguments)))
