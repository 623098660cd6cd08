"""`mooring label`: join captured rows with what became of them, here; in the Job of `kubectl mooring label` too."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import get_args

from mooring.api.wire import (
    CAPTURE_PREFIX,
    DATA_PREFIX,
    FEEDBACK_KEYS_VARIABLE,
    OUTPUT_PREFIX,
    TERMINATION_PATH_VARIABLE,
)
from mooring.artifact.location import credentials_from_env
from mooring.batch.label.order import Credentials, LabelOrder
from mooring.batch.order import Format

EPILOG = """\
The output is a folder of its own: DAY/part-00000.parquet by the day of the prediction (UTC), and _summary.json. The
same order again writes it over, and tells the deployment nothing twice.

exit status: 0 done, 42 a mistake in the order or in the truths, 1 try again
credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, AWS_SESSION_TOKEN; for one of
the stores alone with MOORING_CAPTURE_, MOORING_DATA_ (truths) or MOORING_OUTPUT_ before the name"""
_MESSAGE_LIMIT = 4096


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser(
        "label",
        help="join captured rows with what became of them",
        description="Joins the rows that a ModelDeployment captured with ground truth, and writes Parquet.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "captured", metavar="DIR|URI", help="the ModelDeployment's own folder: CAPTURE.URI/NAMESPACE/NAME"
    )
    parser.add_argument("--out", required=True, metavar="DIR|URI", help="a folder of its own")
    add_arguments(parser)
    parser.add_argument(
        "--feedback",
        metavar="URL",
        help="tell the truths to this endpoint, for example http://income.default.svc/v2/models/income/feedback; "
        f"a key that it wants stands in ${FEEDBACK_KEYS_VARIABLE}",
    )
    parser.set_defaults(command=label)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what an order says, wherever it runs."""
    add = parser.add_argument
    add("--truth", metavar="PATH|URI", help="a file or a folder of ground truth; by default what was told online")
    add(
        "--key",
        default="id",
        metavar="id|request|COLUMN",
        help="what truths are keyed by: id (default; prediction ids, in the column prediction_id or id), request "
        "(callers' own request ids, in request_id or id), or a column of those; `row` where a request has several rows",
    )
    add("--truth-column", metavar="NAME", help="by default the model's target, or else `truth`")
    add("--format", choices=get_args(Format), help="of the truths; by default as the files end")
    add("--since", type=date.fromisoformat, metavar="DAY", help="only predictions since 2026-11-21, say")
    add("--version", help="only rows of this version")
    add("--all", action="store_true", help="also rows without a truth, and those of shadows and testers")
    add("--plain", action="store_true", help="only features and truth, as the training data has them")


def words(arguments: argparse.Namespace) -> list[str]:
    """Return what an order says as the words of a command line."""
    named = ("truth", "key", "truth_column", "format", "since", "version")
    found = [(f"--{name.replace('_', '-')}", getattr(arguments, name)) for name in named]
    flags = [f"--{name}" for name in ("all", "plain") if getattr(arguments, name)]
    return [word for name, value in found if value is not None for word in (name, str(value))] + flags


def label(arguments: argparse.Namespace) -> int:
    """Join, print what it came to, and return the exit status."""
    # Not before: they bring Arrow with them.
    from mooring.batch.label.run import Label, execute
    from mooring.training.ending import end_on_sigterm, exit_status
    from mooring.training.failure import RunFailed

    end_on_sigterm()
    try:
        summary = execute(Label(order(arguments), credentials(os.environ)))
    except RunFailed as error:
        said = f"{error.failure.class_} error, {error.failure.reason}: {error.failure.message}"
        print(f"\n{said}", flush=True)
        _last_words(said, os.environ)
        return exit_status(error.failure.class_)
    print("\n" + "\n".join(summary.lines()), flush=True)
    _last_words(summary.message(), os.environ)
    return 0


def order(arguments: argparse.Namespace) -> LabelOrder:
    """Return what the command line orders."""
    return LabelOrder(
        captured=arguments.captured,
        output=arguments.out,
        truth=arguments.truth,
        key=arguments.key,
        truth_column=arguments.truth_column,
        form=arguments.format,
        feedback=arguments.feedback,
        since=arguments.since,
        version=arguments.version,
        everything=arguments.all,
        plain=arguments.plain,
    )


def credentials(environment: Mapping[str, str]) -> Credentials:
    """Return what opens the stores, and what the endpoint wants."""
    plain = credentials_from_env("", environment)
    prefixes = (CAPTURE_PREFIX, DATA_PREFIX, OUTPUT_PREFIX)
    captured, truth, output = (credentials_from_env(prefix, environment) or plain for prefix in prefixes)
    keys = environment.get(FEEDBACK_KEYS_VARIABLE, "").split()
    return Credentials(captured, truth, output, keys[0] if keys else None)


def _last_words(text: str, environment: Mapping[str, str]) -> None:
    """Leave a sentence where Kubernetes reads why a container ended; outside of a pod there is no such file."""
    file = Path(environment.get(TERMINATION_PATH_VARIABLE) or "/dev/termination-log")
    if file.exists():
        file.write_text(text[:_MESSAGE_LIMIT], encoding="utf-8")
