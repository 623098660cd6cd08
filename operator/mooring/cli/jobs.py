"""Jobs and CronJobs as commands make them: confined pods, tried again where that can help, followed to their end."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from mooring.api.base import Resources
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import EXIT_USER
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.reconcile.render import pod_spec, resources

IMAGE_VARIABLE = "MOORING_RUNTIME_IMAGE"
STORES = ("s3://", "gs://", "az://")
_KILLED = 137
_NO_IMAGE = ("", "shell", "by-hand")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every Job can be asked."""
    add = parser.add_argument
    add("--image", help=f"runtime image; by default ${IMAGE_VARIABLE}, else the one that trained the version")
    add("--name", help="of the Job; by default made of what is ordered")
    add("--cpu", metavar="QUANTITY", help='cores to set aside, for example 2 or "500m"')
    add("--memory", metavar="QUANTITY", help="memory to set aside, and no more than it, for example 2Gi")
    add("--schedule", metavar="CRON", help='make a CronJob, for example "0 3 * * *"')
    add("--time-zone", metavar="ZONE", help="of the schedule, for example Europe/Berlin; by default the cluster's")
    add("--dry-run", action="store_true", help="print the manifest instead of applying it")


def check(arguments: argparse.Namespace, follow: str) -> None:
    """Raise ValueError where options of a schedule do not fit; `follow` is what following is called."""
    if arguments.schedule and arguments.follow:
        raise ValueError(f"{follow} shows one run; a --schedule has many: kubectl get jobs shows them")
    if arguments.time_zone and not arguments.schedule:
        raise ValueError("--time-zone only has a meaning with --schedule")


def manifest(
    arguments: argparse.Namespace,
    name: str,
    labels: Mapping[str, str],
    container: Mapping[str, Any],
    account: str | None = None,
) -> dict[str, Any]:
    """Return the Job, or the CronJob; `account` is the ServiceAccount that its pods run as."""
    fields = {"serviceAccountName": account} if account else {}
    metadata = {"name": name, "labels": dict(labels)}
    metadata |= {"namespace": arguments.namespace} if arguments.namespace else {}
    job = {
        "backoffLimit": 3,
        "podFailurePolicy": {"rules": _failures(container["name"])},
        "template": {
            "metadata": {"labels": dict(labels)},
            "spec": pod_spec(container) | {"restartPolicy": "Never", **fields},
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
        "jobTemplate": {"metadata": {"labels": dict(labels)}, "spec": job},
    }
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}


def image_of(arguments: argparse.Namespace, version: ModelVersion) -> str:
    """Return the image to run; raises ValueError where nobody says which."""
    trained = version.spec.provenance.image if version.spec.provenance else ""
    asked = arguments.image or os.environ.get(IMAGE_VARIABLE, "")
    chosen: str = asked or ("" if trained in _NO_IMAGE else trained)
    if not chosen:
        raise ValueError(f"the record of {version.metadata.name} names no image: say --image, or set {IMAGE_VARIABLE}")
    return chosen


def resources_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return a container's resources; raises ValueError for what is no quantity."""
    requests = {name: value for name in ("cpu", "memory") if (value := getattr(arguments, name))}
    limits = {"memory": arguments.memory} if arguments.memory else {}
    try:
        asked = Resources.model_validate({"requests": requests, "limits": limits})
    except ValidationError as error:
        wrong = error.errors()[0]
        example = 'for example 2 or "500m"' if wrong["loc"][-1] == "cpu" else "for example 2Gi"
        raise ValueError(f"--{wrong['loc'][-1]} {wrong['input']!r} is no quantity; write one, {example}") from None
    return resources(asked, cpu="500m", memory="1Gi")


def follow(kubectl: Kubectl, name: str) -> int:
    """Show a Job's log, and return the exit status as it ends."""
    kubectl.run("wait", "--for=create", "--timeout=60s", "pods", "-l", f"batch.kubernetes.io/job-name={name}")
    subprocess.run(kubectl.command("logs", "-f", f"job/{name}", "--pod-running-timeout=10m"), check=False)
    ended = '{.status.conditions[?(@.status=="True")].type}'
    while True:
        kinds = kubectl.run("get", "job", name, "-o", f"jsonpath={ended}").split()
        if "Complete" in kinds:
            return 0
        if "Failed" in kinds:
            return EXIT_USER
        with suppress(KubectlFailed):  # it takes longer, as one that is tried again does
            kubectl.run("wait", "--for=jsonpath={.status.conditions}", "--timeout=60s", f"job/{name}")


def _failures(container: str) -> list[dict[str, Any]]:
    """Return which ends of a pod are tried again: all but mistakes, and memory that will be too small again."""
    codes = {"containerName": container, "operator": "In", "values": [EXIT_USER, _KILLED]}
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return [{"action": "Ignore", "onPodConditions": disrupted}, {"action": "FailJob", "onExitCodes": codes}]
