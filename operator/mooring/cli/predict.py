"""`mooring predict`: score a file or a folder of files, here or as a Job of the cluster."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import get_args

import yaml

from mooring.api.modelversion import ModelVersion
from mooring.api.wire import (
    ARTIFACT_PREFIX,
    DATA_PREFIX,
    EXIT_USER,
    OUTPUT_PREFIX,
    SERVE_ORDER_VARIABLE,
    ServeOrder,
)
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
    parser.add_argument(
        "model",
        nargs="?",
        help="the artifact's folder, a path or a URI; or a file with a ModelVersion (.yaml), whose artifact it is; "
        f"with --on-cluster a ModelVersion's name; in its Job the record stands in ${SERVE_ORDER_VARIABLE}",
    )
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
        summary = execute(Batch(order(arguments, due(os.environ, time.time()), os.environ), _credentials()))
    except (OSError, ValueError) as error:
        print(f"error: {error}", flush=True)
        return EXIT_USER
    except RunFailed as error:
        print(f"\n{error.failure.class_} error, {error.failure.reason}: {error.failure.message}", flush=True)
        return exit_status(error.failure.class_)
    refused = "".join(f", {name} {count}" for name, count in summary.refused.by_column.items())
    print(f"\nrows      {summary.rows}, {summary.predicted} answered, {summary.refused.rows} refused{refused}")
    print(f"version   {summary.version}, {summary.digest}")
    print(f"answers   {summary.output}", flush=True)
    return 0


def order(arguments: argparse.Namespace, moment: datetime, environment: Mapping[str, str]) -> BatchOrder:
    """Return what the command line orders of a run at that moment; raises ValueError, OSError where no model is named.

    A Job's model stands in the environment, as it does for a serving pod.
    """
    serve = _record(arguments.model, environment)
    if serve is None and arguments.model is None:
        raise ValueError("name the model: an artifact's folder, or a file with a ModelVersion")
    if serve is not None and (arguments.digest or arguments.version):
        raise ValueError("--digest and --version are those of the ModelVersion; leave them out")
    return BatchOrder(
        model=serve.artifact.uri if serve else arguments.model,
        serve=serve,
        input=dated(arguments.input, moment),
        output=dated(arguments.output, moment),
        digest=serve.artifact.digest if serve else arguments.digest,
        version=serve.version if serve else arguments.version,
        form=arguments.format,
        keep=tuple(name for names in arguments.keep for name in names.split(",") if name),
        on_bad_row=arguments.on_bad_row,
        probabilities=not arguments.no_probabilities,
    )


def _record(model: str | None, environment: Mapping[str, str]) -> ServeOrder | None:
    if model is None and (text := environment.get(SERVE_ORDER_VARIABLE)):
        return ServeOrder.model_validate_json(text)
    if model is None or not model.endswith((".yaml", ".yml")):
        return None
    return ServeOrder.of(ModelVersion.model_validate(yaml.safe_load(Path(model).read_text(encoding="utf-8"))))


def _credentials() -> Credentials:
    plain = credentials_from_env("")
    found = [credentials_from_env(prefix) or plain for prefix in (ARTIFACT_PREFIX, DATA_PREFIX, OUTPUT_PREFIX)]
    return Credentials(*found)
