"""`kubectl mooring label`: the join of what a ModelDeployment captured, as a Job in its namespace."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

import yaml

from mooring.api.capture import Capture
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import CAPTURE_PREFIX, DATA_PREFIX, EXIT_USER, FEEDBACK_KEYS_VARIABLE, KEYS_ENTRY, OUTPUT_PREFIX
from mooring.cli import jobs, label
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.reconcile.render import credentials, digest


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `kubectl mooring`."""
    parser = commands.add_parser(
        "label",
        help="join captured rows with what became of them, as a Job",
        description="Makes a Job (or with --schedule a CronJob) that joins the rows that a ModelDeployment captured "
        "with ground truth, writes Parquet to learn from, and tells the deployment the truths.",
        epilog=label.EPILOG.partition("\n\nexit status")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("deployment", metavar="DEPLOYMENT", help="a ModelDeployment with spec.capture, for example income")
    label.add_arguments(parser)
    add("--out", metavar="URI", help="a folder of its own; by default `joined` beside the captured parts")
    add("--secret", metavar="NAME", help="Secret that opens the truths; by default the one of spec.capture")
    add("--out-secret", metavar="NAME", help="Secret that opens the output; by default the one of spec.capture")
    add("-n", "--namespace", help="of the ModelDeployment and the Job; by default the kubeconfig's")
    add("--context", help="of the kubeconfig; by default its current one")
    jobs.add_arguments(parser)
    add("--wait", dest="follow", action="store_true", help="show the Job's log, and end as it ends")
    parser.set_defaults(command=submit)


def submit(arguments: argparse.Namespace) -> int:
    """Make the Job and return the exit status."""
    kubectl = Kubectl(arguments.namespace, arguments.context)
    try:
        jobs.check(arguments, "--wait")
        deployment = ModelDeployment.model_validate(kubectl.read("modeldeployments.mooring.dev", arguments.deployment))
        version = ModelVersion.model_validate(kubectl.read("modelversions.mooring.dev", _serving(deployment)))
        manifest = render(arguments, deployment, version, datetime.now(UTC))
        text: str = yaml.safe_dump(manifest, sort_keys=False)
        if arguments.dry_run:
            print(text, end="")
            return 0
        print(kubectl.apply(text), end="", flush=True)
        return jobs.follow(kubectl, manifest["metadata"]["name"]) if arguments.follow else 0
    except (KubectlFailed, ValueError) as error:
        print(f"error: {error}", flush=True)
        return EXIT_USER


def render(
    arguments: argparse.Namespace, deployment: ModelDeployment, version: ModelVersion, now: datetime
) -> dict[str, Any]:
    """Return the manifest of the Job, or of the CronJob; raises ValueError for what cannot be asked."""
    metadata, capture = deployment.metadata, deployment.spec.capture
    if capture is None:
        example = '{uri: "s3://captured", secretName: object-store, perMille: 10}'
        raise ValueError(f"ModelDeployment {metadata.name} captures nothing: write spec.capture, for example {example}")
    folder = capture.folder(metadata.namespace, metadata.name)
    output = arguments.out or f"{folder}/joined/"
    for name, address in (("truth", arguments.truth), ("out", output)):
        if address is not None and not address.startswith(jobs.STORES):
            raise ValueError(f"--{name}: a pod has no files of this machine; name s3://…, gs://… or az://…")
    feedback = f"http://{metadata.name}.{metadata.namespace}.svc/v2/models/{deployment.spec.model}/feedback"
    command = ["python3", "-m", "mooring.cli.main", "label", folder, "--out", output, *label.words(arguments)]
    command += ["--feedback", feedback] if arguments.truth else []
    labels = {"app.kubernetes.io/name": "mooring-label", "mooring.dev/model": deployment.spec.model}
    container = {
        "name": "label",
        "image": jobs.image_of(arguments, version),
        "command": command,
        "env": _environment(arguments, deployment, capture),
        "resources": jobs.resources_of(arguments),
    }
    # Every time another one: what was captured and told since is joined too.
    name = arguments.name or f"{metadata.name[:36]}-label-{digest([command, now.isoformat()], 6)}"
    return jobs.manifest(arguments, name, labels, container, account=deployment.spec.service_account_name)


def _environment(arguments: argparse.Namespace, deployment: ModelDeployment, capture: Capture) -> list[dict[str, Any]]:
    own = capture.secret_name
    found = [
        *credentials(CAPTURE_PREFIX, own),
        *(credentials(DATA_PREFIX, arguments.secret or own) if arguments.truth else []),
        *credentials(OUTPUT_PREFIX, arguments.out_secret or own),
    ]
    server = deployment.spec.server
    keys = server.builtin.keys_secret_name if server and server.builtin else None
    if keys is not None and arguments.truth:
        found.append({"name": FEEDBACK_KEYS_VARIABLE, "valueFrom": {"secretKeyRef": {"name": keys, "key": KEYS_ENTRY}}})
    return found


def _serving(deployment: ModelDeployment) -> str:
    stable = deployment.status.stable
    if stable is None:
        raise ValueError(f"ModelDeployment {deployment.metadata.name} serves no version yet")
    return stable.version
