"""`mooring import`: the record of a model that another tool made, as a manifest for kubectl."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from mooring.api.base import API_VERSION, NAME_PATTERN
from mooring.api.modelversion import Artifact, ArtifactFormat, ModelVersionSpec, Signature
from mooring.api.trainingjob import Task
from mooring.api.wire import ARTIFACT_PREFIX
from mooring.artifact.brought import check_probabilities, read_brought
from mooring.artifact.brought.model import Brought, model_file
from mooring.artifact.errors import ArtifactError, ModelRefused, StoreError, StoreUnavailable
from mooring.artifact.folder import Stored, download, file_entry, files_below, stored, upload
from mooring.artifact.location import credentials_from_env
from mooring.artifact.store import Store
from mooring.cli.drafting import Given, format_of, signature_of

STORES = ("s3://", "gs://", "az://")
EXIT_USER, EXIT_AGAIN = 42, 1
FORMATS = tuple(name for name in get_args(ArtifactFormat) if name not in ("Skops", "Files"))
EPILOG = """\
The record goes to standard output, everything else to standard error:

    mooring import model.json --model churn --number 1 --to s3://models/churn/1/ --sample rows.parquet \\
        --secret object-store | kubectl apply -f -

exit status: 0 done, 42 a mistake, or a model that is not served; 1 the store did not answer: try again
credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION, AWS_SESSION_TOKEN"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser(
        "import",
        help="bring a model of XGBoost, LightGBM, ONNX or MLflow",
        description="Reads a model as a serving pod will, and prints the ModelVersion that names it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="PATH|URI", help="one file, or an MLflow folder")
    parser.add_argument("--model", required=True, help="what it is a version of")
    parser.add_argument("--number", required=True, type=int, help="the version's number, not used before")
    parser.add_argument("--to", metavar="URI", help="upload it into this folder; needed for what lies on this machine")
    parser.add_argument(
        "--sample", type=Path, metavar="FILE", help="Parquet or CSV: golden rows, and the ledger's reference"
    )
    parser.add_argument("--format", choices=FORMATS, help="by default as the files are called")
    parser.add_argument("--task", choices=get_args(Task), help="where the file does not say it")
    parser.add_argument(
        "--classes", type=_words, default=[], metavar="A,B", help="the labels, in the order of the probabilities"
    )
    parser.add_argument("--features", type=_words, default=[], metavar="A,B", help="where the file does not name them")
    parser.add_argument("--secret", metavar="NAME", help="the Secret with which pods open the store")
    parser.add_argument("--namespace", metavar="NAME", help="written into the record")
    parser.add_argument("--trust-pickles", action="store_true", help="load a pickle here, which runs its code")
    parser.set_defaults(command=bring)


def bring(arguments: argparse.Namespace) -> int:
    """Print the record and return the exit status."""
    from mooring.training.failure import RunFailed

    try:
        with tempfile.TemporaryDirectory(prefix="mooring-") as scratch:
            record = _record(arguments, Path(scratch) / "model")
    except StoreUnavailable as error:
        return _failed(str(error), EXIT_AGAIN)
    except (ArtifactError, StoreError, OSError, ValueError) as error:
        return _failed(_sentence(error), EXIT_USER)
    except RunFailed as error:
        return _failed(error.failure.message, EXIT_USER)
    print(yaml.safe_dump(record, sort_keys=False), end="", flush=True)
    return 0


def _record(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    if not re.match(NAME_PATTERN, arguments.model):
        raise ValueError(f"--model {arguments.model}: use lowercase letters, digits and '-', at most 42")
    remote = "://" in arguments.source and not arguments.source.startswith("file://")
    if arguments.to is None and (arguments.sample is not None or not remote):
        raise ValueError("--to is missing: pods fetch the model, and what is written beside it, from a store")
    if arguments.to is not None and not arguments.to.startswith(STORES):
        raise ValueError(f"--to {arguments.to}: a pod has no files of this machine; name s3://…, gs://… or az://…")
    found = _fetch(arguments.source, folder, remote)
    form = arguments.format or format_of(folder)
    signature, said = _understood(arguments, folder, form)
    uri = arguments.source
    if arguments.to is not None:
        uri = arguments.to.rstrip("/") + "/"
        found = _upload(folder, uri)
    _say(f"{form} model of {signature.inputs_total} features, a {signature.task}; {said}")
    artifact = Artifact(uri=uri, digest=found.digest, bytes=found.bytes, format=form, secret_name=arguments.secret)
    spec = ModelVersionSpec(model=arguments.model, number=arguments.number, artifact=artifact, signature=signature)
    _say(f"serve it: a ModelDeployment of model {arguments.model} with version: {arguments.model}-v{arguments.number}")
    return _manifest(arguments, spec)


def _understood(arguments: argparse.Namespace, folder: Path, form: ArtifactFormat) -> tuple[Signature, str]:
    """Return the signature of what lies in `folder`, and what was done about golden rows; raises ModelRefused."""
    # Not before: they bring Arrow and pandas with them.
    from mooring.cli.beside import Sample, write_beside

    sample = Sample.read(arguments.sample) if arguments.sample else None
    given = Given(
        task=arguments.task,
        classes=arguments.classes,
        features=arguments.features,
        sample=sample.features if sample else (),
        trusts_pickles=arguments.trust_pickles,
    )
    signature = signature_of(folder, form, given)
    brought = read_brought(folder, form, signature, trusts_pickles=arguments.trust_pickles)
    if sample is None:
        _try(brought)
        return signature, "no --sample: no golden rows, and the ledger has no reference that features could drift from"
    return signature, write_beside(folder, brought, sample, None if form == "MLflow" else model_file(folder, form))


def _try(brought: Brought) -> None:
    row = [[""] if feature.datatype == "BYTES" else [0.0] for feature in brought.interface.features]
    try:
        answers = brought.model.ask(row)
    except ValueError:
        return  # a text that it never saw, say
    check_probabilities(answers)


def _fetch(source: str, folder: Path, remote: bool) -> Stored:
    if remote:
        return download(Store(source, _credentials()), folder, ours=False)
    path = Path(source.removeprefix("file://"))
    if not path.exists():
        raise ValueError(f"{source} does not exist")
    if path.is_dir():
        shutil.copytree(path, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    else:
        folder.mkdir()
        shutil.copy(path, folder)
    return _stored(folder)


def _upload(folder: Path, uri: str) -> Stored:
    upload(folder, Store(uri, _credentials()))
    return _stored(folder)


def _stored(folder: Path) -> Stored:
    return stored(file_entry(file, folder) for file in files_below(folder))


def _credentials() -> dict[str, str]:
    return credentials_from_env(ARTIFACT_PREFIX) or credentials_from_env("")


def _manifest(arguments: argparse.Namespace, spec: ModelVersionSpec) -> dict[str, Any]:
    name = f"{spec.model}-v{spec.number}"
    metadata = {"name": name} | ({"namespace": arguments.namespace} if arguments.namespace else {})
    said = spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": metadata, "spec": said}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _sentence(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return f"it is not served: {error}" if isinstance(error, ModelRefused) else str(error)


def _failed(message: str, status: int) -> int:
    _say(f"error: {message}")
    return status


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
