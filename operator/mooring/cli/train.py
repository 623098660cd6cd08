"""`mooring train`: the training pod's code on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from mooring.api.wire import TrainReport
from mooring.artifact.location import credentials_from_env

EPILOG = """\
exit status: 0 trained (whatever the verdict), 42 a mistake in recipe or data, 1 try again
credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, AWS_SESSION_TOKEN"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser(
        "train",
        help="train a recipe here, without a cluster",
        description="Trains what a TrainingJob manifest says on this machine and writes the same artifact.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", type=Path, help="a TrainingJob manifest in YAML")
    parser.add_argument("--data", metavar="PATH|URI", help="read the rows here instead of spec.data.uri")
    parser.add_argument(
        "--output", metavar="DIR|URI", help="write artifacts here instead of spec.output.uri; ./artifacts by default"
    )
    parser.set_defaults(command=train)


def train(arguments: argparse.Namespace) -> int:
    """Train, print the result for a person, and return the exit status."""
    # Not before: scikit-learn takes a second, and other commands do without.
    from mooring.cli.recipe import read_order
    from mooring.training.ending import exit_status
    from mooring.training.failure import RunFailed
    from mooring.training.journal import Journal
    from mooring.training.run import Run, execute

    credentials = credentials_from_env("")
    try:
        order = read_order(arguments.recipe, data=arguments.data, output=arguments.output)
        report = execute(Run(order, credentials, credentials, Journal()))
    except RunFailed as error:
        print(f"\n{error.failure.class_} error, {error.failure.reason}: {error.failure.message}")
        return exit_status(error.failure.class_)
    print("\n" + summary(report))
    return 0


def summary(report: TrainReport) -> str:
    """Return a report as lines for a person."""
    assert report.gate is not None  # noqa: S101 - a run without `unchanged` in its order always trains
    assert report.artifact is not None  # noqa: S101
    lines = [f"{'metric':18} {'value':>10}   95% interval"]
    lines += [f"{m.name:18} {m.value:>10}   {m.low or '?'} to {m.high or '?'}" for m in report.metrics]
    lines += ["", f"verdict   {report.gate.verdict}: {report.gate.message}"]
    lines += [f"  {check.result:8}  {check.metric} {check.rule}  ({check.value})" for check in report.gate.checks]
    lines += [f"artifact  {report.artifact.uri}", f"digest    {report.artifact.digest}"]
    return "\n".join(lines)
