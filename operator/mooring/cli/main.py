"""`mooring`: Mooring on a laptop, without a cluster."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import cast

from mooring.cli import train


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    parser = argparse.ArgumentParser(prog="mooring", description="Keeps machine-learning models from drifting.")
    train.add_parser(parser.add_subparsers(required=True, metavar="COMMAND"))
    parsed = parser.parse_args(arguments)
    return cast(Callable[[argparse.Namespace], int], parsed.command)(parsed)


if __name__ == "__main__":
    sys.exit(main())
