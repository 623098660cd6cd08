"""A scoring as a Job or CronJob: rendered from a ModelVersion's record, applied by the user's kubectl."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import yaml
from pydantic import ValidationError

from mooring.api.base import Resources
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import ARTIFACT_PREFIX, DATA_PREFIX, EXIT_USER, OUTPUT_PREFIX, SERVE_ORDER_VARIABLE, ServeOrder
from mooring.cli.dates import SCHEDULED_JOB_VARIABLE, dated
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.reconcile.render import credentials, digest, pod_spec, resources

IMAGE_VARIABLE = "MOORING_RUNTIME_IMAGE"
STORES = ("s3://", "gs://", "az://")
_KILLED = 137
_NO_IMAGE = ("", "shell", "by-hand")
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
    add("--image", help=f"runtime image; by default ${IMAGE_VARIABLE}, else the one that trained the version")
    add("--name", help="of the Job; by default made of the version and of what is ordered")
    add("--cpu", metavar="QUANTITY", help='cores to set aside, for example 2 or "500m"')
    add("--memory", metavar="QUANTITY", help="memory to set aside, and no more than it, for example 2Gi")
    add("--schedule", metavar="CRON", help='make a CronJob, for example "0 3 * * *"')
    add("--time-zone", metavar="ZONE", help="of the schedule, for example Europe/Berlin; by default the cluster's")
    add("--dry-run", action="store_true", help="print the manifest instead of applying it")
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
        manifest = render(arguments, version, os.environ.get(IMAGE_VARIABLE, ""), datetime.now(UTC))
        text: str = yaml.safe_dump(manifest, sort_keys=False)
        if arguments.dry_run:
            print(text, end="")
            return 0
        print(kubectl.apply(text), end="", flush=True)
        return _follow(kubectl, manifest["metadata"]["name"]) if arguments.follow else 0
    except (KubectlFailed, ValueError) as error:
        print(f"error: {error}", flush=True)
        return EXIT_USER


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.model:
        raise ValueError("name a ModelVersion, for example income-v3")
    for name in ("input", "output"):
        if not getattr(arguments, name).startswith(STORES):
            raise ValueError(f"--{name}: a pod has no files of this machine; name s3://…, gs://… or az://…")
    if getattr(arguments, "digest", None) or getattr(arguments, "version", None):
        raise ValueError("--digest and --version are those of the ModelVersion; leave them out")
    if arguments.schedule and arguments.follow:
        raise ValueError("--follow shows one run; a --schedule has many: kubectl get jobs shows them")
    if arguments.time_zone and not arguments.schedule:
        raise ValueError("--time-zone only has a meaning with --schedule")
    if arguments.schedule and "{" not in arguments.output:
        raise ValueError("--output: every run needs a folder of its own; put {date} or {time} into it")


def render(arguments: argparse.Namespace, version: ModelVersion, image: str, now: datetime) -> dict[str, Any]:
    """Return the manifest of the Job, or of the CronJob; raises ValueError for what cannot be asked."""
    command = ["python3", "-m", "mooring.cli.main", "predict", *_words(arguments, now)]
    name = arguments.name or _name(version.metadata.name, [version.spec.artifact.digest, command, arguments.schedule])
    labels = {
        "app.kubernetes.io/name": "mooring-predict",
        "mooring.dev/model": version.spec.model,
        "mooring.dev/version": version.metadata.name,
    }
    metadata = {"name": name, "labels": labels} | ({"namespace": arguments.namespace} if arguments.namespace else {})
    job = {
        "backoffLimit": 3,
        "podFailurePolicy": {"rules": _failures()},
        "template": {
            "metadata": {"labels": labels},
            "spec": pod_spec(_container(arguments, version, image, command), restartPolicy="Never"),
        },
    }
    if not arguments.schedule:
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job}
    spec = {
        "schedule": arguments.schedule,
        **({"timeZone": arguments.time_zone} if arguments.time_zone else {}),
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 3,
        "jobTemplate": {"metadata": {"labels": labels}, "spec": job},
    }
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def _words(arguments: argparse.Namespace, now: datetime) -> list[str]:
    # A schedule's runs fill in their own dates; a Job's only run was due when it was asked for.
    fill = (lambda address: address) if arguments.schedule else (lambda address: dated(address, now))
    words = ["--input", fill(arguments.input), "--output", fill(arguments.output)]
    words += ["--on-bad-row", arguments.on_bad_row]
    words += ["--format", arguments.format] if arguments.format else []
    words += [word for names in arguments.keep for word in ("--keep", names)]
    return words + (["--no-probabilities"] if arguments.no_probabilities else [])


def _container(
    arguments: argparse.Namespace, version: ModelVersion, image: str, command: Sequence[str]
) -> dict[str, Any]:
    own = version.spec.artifact.secret_name
    trained = version.spec.provenance.image if version.spec.provenance else ""
    chosen = arguments.image or image or ("" if trained in _NO_IMAGE else trained)
    if not chosen:
        raise ValueError(f"the record of {version.metadata.name} names no image: say --image, or set {IMAGE_VARIABLE}")
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
        "image": chosen,
        "command": list(command),
        "env": env,
        "resources": resources(_asked(arguments), cpu="500m", memory="1Gi"),
    }


def _asked(arguments: argparse.Namespace) -> Resources:
    requests = {name: value for name in ("cpu", "memory") if (value := getattr(arguments, name))}
    limits = {"memory": arguments.memory} if arguments.memory else {}
    try:
        return Resources.model_validate({"requests": requests, "limits": limits})
    except ValidationError as error:
        wrong = error.errors()[0]
        example = 'for example 2 or "500m"' if wrong["loc"][-1] == "cpu" else "for example 2Gi"
        raise ValueError(f"--{wrong['loc'][-1]} {wrong['input']!r} is no quantity; write one, {example}") from None


def _failures() -> list[dict[str, Any]]:
    """Return which ends of a pod are tried again: all but mistakes, and memory that will be too small again."""
    codes = {"containerName": "predict", "operator": "In", "values": [EXIT_USER, _KILLED]}
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return [{"action": "Ignore", "onPodConditions": disrupted}, {"action": "FailJob", "onExitCodes": codes}]


def _name(version: str, order: object) -> str:
    """Return a name that the same order has again, so that asking twice is asking once; a CronJob's may have 52."""
    return f"{version[:36]}-predict-{digest(order, 6)}"


def _follow(kubectl: Kubectl, name: str) -> int:
    kubectl.run("wait", "--for=create", "--timeout=60s", "pods", "-l", f"batch.kubernetes.io/job-name={name}")
    subprocess.run(kubectl.command("logs", "-f", f"job/{name}", "--pod-running-timeout=10m"), check=False)
    ended = '{.status.conditions[?(@.status=="True")].type}'
    while True:
        kinds = kubectl.run("get", "job", name, "-o", f"jsonpath={ended}").split()
        if "Complete" in kinds:
            return 0
        if "Failed" in kinds:
            return EXIT_USER
        kubectl.run("wait", "--for=jsonpath={.status.conditions}", "--timeout=60s", f"job/{name}")
