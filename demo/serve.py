"""A ModelDeployment is applied and followed until its version answers."""

from __future__ import annotations

from pathlib import Path

from demo.errors import DemoFailed
from demo.follow import follow
from demo.kubectl import Kubectl, in_repository
from mooring.api.modeldeployment import ModelDeployment

SERVE_SECONDS = 180.0


def serve(kubectl: Kubectl, name: str, manifest: Path) -> ModelDeployment:
    """Apply a ModelDeployment and return it when it serves."""
    kubectl.apply(manifest)
    deployment = follow(
        f"ModelDeployment {name} serves",
        lambda: read(kubectl, name),
        tell=news,
        done=lambda seen: condition(seen, "Ready")[0] == "True" and not stale(seen),
        seconds=SERVE_SECONDS,
        look_at=describe(kubectl, name),
    )
    kubectl.show("get", "-f", in_repository(manifest))
    ours = f"mooring.dev/owner-kind=ModelDeployment,mooring.dev/owner={name}"
    kubectl.show("get", "deployment,service,pod", "-l", ours)
    return deployment


def until_serving(kubectl: Kubectl, name: str, version: str, *, seconds: float = SERVE_SECONDS) -> ModelDeployment:
    """Return when users are led to `version`."""
    return follow(
        f"{version} serves",
        lambda: read(kubectl, name),
        tell=news,
        done=lambda seen: seen.status.stable is not None and seen.status.stable.version == version,
        seconds=seconds,
        look_at=describe(kubectl, name),
    )


def read(kubectl: Kubectl, name: str) -> ModelDeployment:
    """Return the ModelDeployment; raises DemoFailed where it is gone."""
    deployment = kubectl.read(ModelDeployment, name)
    if deployment is None:
        raise DemoFailed(f"ModelDeployment {name} was deleted while it was followed")
    return deployment


def pods(kubectl: Kubectl, version: str) -> set[str]:
    """Return the running pods of a version, each with how often it was restarted."""
    name_and_restarts = "{.metadata.name} {.status.containerStatuses[0].restartCount}\n"
    path = "jsonpath={range .items[?(@.status.phase=='Running')]}" + name_and_restarts + "{end}"
    text = kubectl.run("get", "pods", "-l", f"mooring.dev/version={version}", "-o", path)
    return set(text.splitlines())


def condition(deployment: ModelDeployment, kind: str) -> tuple[str, str]:
    """Return status and message of a condition."""
    for item in deployment.status.conditions:
        if item.type == kind:
            return item.status, item.message
    return "Unknown", ""


def stale(deployment: ModelDeployment) -> bool:
    """Return whether the status does not speak of the present spec yet."""
    return deployment.status.observed_generation != deployment.metadata.generation


def news(deployment: ModelDeployment) -> str:
    """Return what the ModelDeployment says of itself, shortly."""
    if stale(deployment):
        return ""
    busy = deployment.status.canary is not None
    message = condition(deployment, "Progressing" if busy else "Ready")[1]
    draining = [entry.version for entry in deployment.status.draining]
    phase = deployment.status.rollout.phase if deployment.status.rollout is not None else "Waiting"
    return f"{phase}: {message}" + (f"; {', '.join(draining)} still runs" if draining else "")


def describe(kubectl: Kubectl, name: str) -> tuple[str, ...]:
    """Return the commands that show why a ModelDeployment does not serve."""
    in_namespace = f"kubectl -n {kubectl.namespace}"
    return (
        f"{in_namespace} describe modeldeployment {name}",
        f"{in_namespace} logs -l mooring.dev/owner={name},mooring.dev/owner-kind=ModelDeployment --tail=50",
    )
