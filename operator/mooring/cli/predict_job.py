"""`kubectl mooring predict`: `mooring predict --on-cluster` by its shorter name."""

from __future__ import annotations

import argparse

from mooring.cli import on_cluster, predict


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `kubectl mooring`."""
    parser = commands.add_parser(
        "predict",
        help="score a file or a folder of files as a Job",
        description="Makes a Job (or with --schedule a CronJob) that scores Parquet or CSV with a ModelVersion.",
        epilog=predict.EPILOG.partition("\n\nexit status")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="VERSION", help="a ModelVersion's name, for example income-v3")
    predict.add_arguments(parser)
    on_cluster.add_arguments(parser)
    parser.set_defaults(command=on_cluster.submit)
