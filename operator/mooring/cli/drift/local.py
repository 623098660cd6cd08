"""`mooring drift explain`: on a laptop, from a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

FAILED, DIFFERENT = 1, 3


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser("drift", help="make a DriftPolicy's decision again from a saved bundle")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    explain = actions.add_parser(
        "explain",
        help="say what was decided and why",
        description="Makes the decision of a DriftPolicy again from a file, by the operator's own code.",
        epilog="exit status: 0 as recorded; 3 an alarm that is computed anew differs from the recorded one",
    )
    explain.add_argument("bundle", type=Path, help="written by `kubectl mooring drift bundle`")
    explain.set_defaults(command=_explain)


def _explain(arguments: argparse.Namespace) -> int:
    # Not before: it brings the operator's libraries, and Jobs that predict or label run where these are not.
    from mooring.cli.drift.bundle import NoBundleError, read
    from mooring.cli.drift.explain import explained

    try:
        told, same = explained(read(arguments.bundle.read_bytes()))
    except (NoBundleError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    print(told)
    return 0 if same else DIFFERENT
