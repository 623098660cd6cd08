"""A scoring as a Job or CronJob: rendered from a ModelVersion's record, applied by the user's kubectl."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from mooring.api.modelversion import ModelVersion
from mooring.api.wire import ARTIFACT_PREFIX, DATA_PREFIX, EXIT_USER, OUTPUT_PREFIX, SERVE_ORDER_VARIABLE, ServeOrder
from mooring.cli import jobs
from mooring.cli.dates import SCHEDULED_JOB_VARIABLE, dated
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.reconcile.render import credentials, digest

_OPTIONS = (
    "namespace", "context", "input_secret", "output_secret", "image", "name", "cpu", "memory", "schedule", "time_zone",
    "dry_run", "follow",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only a Job needs."""
    add = parser.add_argument
    add("-n", "--namespace", help="of the ModelVersion and the Job; by default the kubeconfig's")
    add("--context", help="of the kubeconfig; by default its current one")
    add("--input-secret", metavar="NAME", help="Secret that opens the input; by default the ModelVersion's own")
    add("--output-secret", metavar="NAME", help="Secret that opens the output; by default the ModelVersion's own")
    jobs.add_arguments(parser)
    add("--follow", action="store_true", help="show the Job's log, and end as it ends")


def given(arguments: argparse.Namespace) -> list[str]:
    """Return the options of Jobs that a command line has."""
    return [f"--{name.replace('_', '-')}" for name in _OPTIONS if getattr(arguments, name)]


def submit(arguments: argparse.Namespace) -> int:
    """Make the Job and return the exit status."""
    kubectl = Kubectl(arguments.namespace, arguments.context)
    try:
        _check(arguments)
        version = ModelVersion.model_validate(kubectl.read("modelversions.mooring.dev", arguments.model))
        manifest = render(arguments, version, datetime.now(UTC))
        text: str = yaml.safe_dump(manifest, sort_keys=False)
        if arguments.dry_run:
            print(text, end="")
            return 0
        print(kubectl.apply(text), end="", flush=True)
        return jobs.follow(kubectl, manifest["metadata"]["name"]) if arguments.follow else 0
    except (KubectlFailed, ValueError) as error:
        print(f"error: {error}", flush=True)
        return EXIT_USER


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.model:
        raise ValueError("name a ModelVersion, for example income-v3")
    for name in ("input", "output"):
        if not getattr(arguments, name).startswith(jobs.STORES):
            raise ValueError(f"--{name}: a pod has no files of this machine; name s3://…, gs://… or az://…")
    if getattr(arguments, "digest", None) or getattr(arguments, "version", None):
        raise ValueError("--digest and --version are those of the ModelVersion; leave them out")
    jobs.check(arguments, "--follow")
    if arguments.schedule and "{" not in arguments.output:
        raise ValueError("--output: every run needs a folder of its own; put {date} or {time} into it")


def render(arguments: argparse.Namespace, version: ModelVersion, now: datetime) -> dict[str, Any]:
    """Return the manifest of the Job, or of the CronJob; raises ValueError for what cannot be asked."""
    command = ["python3", "-m", "mooring.cli.main", "predict", *_words(arguments, now)]
    name = arguments.name or _name(version.metadata.name, [version.spec.artifact.digest, command, arguments.schedule])
    labels = {
        "app.kubernetes.io/name": "mooring-predict",
        "mooring.dev/model": version.spec.model,
        "mooring.dev/version": version.metadata.name,
    }
    return jobs.manifest(arguments, name, labels, _container(arguments, version, command))


def _words(arguments: argparse.Namespace, now: datetime) -> list[str]:
    # A schedule's runs fill in their own dates; a Job's only run was due when it was asked for.
    fill = (lambda address: address) if arguments.schedule else (lambda address: dated(address, now))
    words = ["--input", fill(arguments.input), "--output", fill(arguments.output)]
    words += ["--on-bad-row", arguments.on_bad_row]
    words += ["--format", arguments.format] if arguments.format else []
    words += [word for names in arguments.keep for word in ("--keep", names)]
    return words + (["--no-probabilities"] if arguments.no_probabilities else [])


def _container(arguments: argparse.Namespace, version: ModelVersion, command: Sequence[str]) -> dict[str, Any]:
    own = version.spec.artifact.secret_name
    env = [
        {
            "name": SERVE_ORDER_VARIABLE,
            "value": ServeOrder.of(version).model_dump_json(by_alias=True, exclude_none=True),
        },
        *credentials(ARTIFACT_PREFIX, own),
        *credentials(DATA_PREFIX, arguments.input_secret or own),
        *credentials(OUTPUT_PREFIX, arguments.output_secret or own),
    ]
    if arguments.schedule:
        field = {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}
        env.append({"name": SCHEDULED_JOB_VARIABLE, "valueFrom": {"fieldRef": field}})
    return {
        "name": "predict",
        "image": jobs.image_of(arguments, version),
        "command": list(command),
        "env": env,
        "resources": jobs.resources_of(arguments),
    }


def _name(version: str, order: object) -> str:
    """Return a name that the same order has again, so that asking twice is asking once; a CronJob's may have 52."""
    return f"{version[:36]}-predict-{digest(order, 6)}"
