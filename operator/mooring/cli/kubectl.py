"""`kubectl mooring …`: what people do with the cluster's resources. A program kubectl-mooring on the PATH is enough."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import cast

from mooring.cli import label_job, predict_job, rollout
from mooring.cli.drift import commands as drift

COMMANDS = (predict_job, label_job, rollout, drift)
"""Modules with `add_parser(commands)`: one for each command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="kubectl mooring", description="Works with Mooring's resources.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    parsed = parser.parse_args(arguments)
    return cast(Callable[[argparse.Namespace], int], parsed.command)(parsed)


if __name__ == "__main__":
    sys.exit(main())
