"""`mooring`: Mooring on a laptop, without a cluster (`kubectl mooring`, in `kubectl.py`, works with one)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import cast

from mooring.cli import bring, export, label, predict, train
from mooring.cli.drift import local as drift

COMMANDS = (train, predict, label, export, bring, drift)
"""Modules with `add_parser(commands)`: one for each command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="mooring", description="Keeps machine-learning models from drifting.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    parsed = parser.parse_args(arguments)
    return cast(Callable[[argparse.Namespace], int], parsed.command)(parsed)


if __name__ == "__main__":
    sys.exit(main())
