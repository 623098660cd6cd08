"""What the commands of `kubectl mooring` share: one resource by name, and refusals said in their own words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from mooring.cli.kube import Kubectl, KubectlFailed

FAILED = 1

Command = Callable[[argparse.Namespace], int]


def add_action(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    target: str,
    what: str,
    command: Command,
    *refusals: type[Exception],
) -> argparse.ArgumentParser:
    """Add a command about one resource of the kind `target`, and return its parser.

    What kubectl says no to, and `refusals`, end the command with their message.
    """
    parser = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    parser.add_argument("name", metavar=target)
    parser.add_argument("-n", "--namespace")
    parser.add_argument("--context")
    parser.set_defaults(command=_guarded(command, (KubectlFailed, *refusals)))
    return parser


def kubectl_of(arguments: argparse.Namespace) -> Kubectl:
    """Return kubectl in the place that a command line names."""
    return Kubectl(arguments.namespace, arguments.context)


def _guarded(command: Command, refusals: tuple[type[Exception], ...]) -> Command:
    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except refusals as error:
            print(f"error: {error}", file=sys.stderr)
            return FAILED

    return run
