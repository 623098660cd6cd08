"""`mooring predict`: score a file or a folder of files, here or as a Job of the cluster."""

from __future__ import annotations

import argparse
import os
import time
from datetime import datetime
from typing import get_args

from mooring.api.wire import ARTIFACT_PREFIX, DATA_PREFIX, OUTPUT_PREFIX
from mooring.artifact.location import credentials_from_env
from mooring.batch.order import BatchOrder, Credentials, Format, OnBadRow
from mooring.cli import on_cluster
from mooring.cli.dates import dated, due

EPILOG = """\
The output is a folder of its own: part-00000.parquet for each input file, _profile.json (counts of what was asked and
answered, in the form of the ledger), _summary.json, and _SUCCESS last. The same command goes on where one was ended.
{date} and {time} in --input and --output are those of the run (of a --schedule: those for which it was due), in UTC.

exit status: 0 done, 42 a mistake in the order or in the data, 1 try again
credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, AWS_SESSION_TOKEN; for one of
the stores alone with MOORING_ARTIFACT_, MOORING_DATA_ or MOORING_OUTPUT_ before the name"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser(
        "predict",
        help="score a file or a folder of files, here or (--on-cluster) as a Job",
        description="Scores Parquet or CSV with a trained model and writes Parquet.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="the artifact's folder, a path or a URI; with --on-cluster a ModelVersion's name")
    add_arguments(parser)
    parser.add_argument("--digest", help="refuse an artifact whose digest is another one (sha256:…)")
    parser.add_argument("--version", help="what the answers call the version; by default the model and its digest")
    parser.add_argument("--on-cluster", action="store_true", help="run as a Job of the cluster; then also:")
    on_cluster.add_arguments(parser)
    parser.set_defaults(command=predict)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what an order says, wherever it runs."""
    parser.add_argument("--input", required=True, metavar="PATH|URI", help="a file, or a folder of files")
    parser.add_argument("--output", required=True, metavar="DIR|URI", help="a folder of its own")
    parser.add_argument("--format", choices=get_args(Format), help="of the input; by default as its files end")
    parser.add_argument("--keep", action="append", default=[], metavar="NAME[,NAME]", help="columns to pass through")
    parser.add_argument(
        "--on-bad-row",
        choices=get_args(OnBadRow),
        default="fail",
        help="fail (default): stop at the first row that serving would refuse; skip: leave such rows out; "
        "null: keep them without an answer, and say in `refused` which column is wrong",
    )
    parser.add_argument("--no-probabilities", action="store_true", help="write the labels alone")


def predict(arguments: argparse.Namespace) -> int:
    """Score, print what it came to, and return the exit status."""
    if arguments.on_cluster:
        return on_cluster.submit(arguments)
    if unused := on_cluster.given(arguments):
        print(f"error: {', '.join(unused)} only has a meaning with --on-cluster")
        return 2
    # Not before: they bring Arrow with them.
    from mooring.batch.run import Batch, execute
    from mooring.training.ending import end_on_sigterm, exit_status
    from mooring.training.failure import RunFailed

    end_on_sigterm()
    try:
        summary = execute(Batch(order(arguments, due(os.environ, time.time())), _credentials()))
    except RunFailed as error:
        print(f"\n{error.failure.class_} error, {error.failure.reason}: {error.failure.message}", flush=True)
        return exit_status(error.failure.class_)
    refused = "".join(f", {name} {count}" for name, count in summary.refused.by_column.items())
    print(f"\nrows      {summary.rows}, {summary.predicted} answered, {summary.refused.rows} refused{refused}")
    print(f"version   {summary.version}, {summary.digest}")
    print(f"answers   {summary.output}", flush=True)
    return 0


def order(arguments: argparse.Namespace, moment: datetime) -> BatchOrder:
    """Return what the command line orders of a run at that moment."""
    return BatchOrder(
        model=arguments.model,
        input=dated(arguments.input, moment),
        output=dated(arguments.output, moment),
        digest=arguments.digest,
        version=arguments.version,
        form=arguments.format,
        keep=tuple(name for names in arguments.keep for name in names.split(",") if name),
        on_bad_row=arguments.on_bad_row,
        probabilities=not arguments.no_probabilities,
    )


def _credentials() -> Credentials:
    plain = credentials_from_env("")
    found = [credentials_from_env(prefix) or plain for prefix in (ARTIFACT_PREFIX, DATA_PREFIX, OUTPUT_PREFIX)]
    return Credentials(*found)
