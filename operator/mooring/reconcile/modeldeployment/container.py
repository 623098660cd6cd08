"""The containers of a server of the user's own: ours fetches and verifies the version's files, theirs serves them."""

from __future__ import annotations

from typing import Any

from mooring.api.modelversion import ModelVersion
from mooring.api.pods import Variable
from mooring.api.server import ContainerServer
from mooring.api.wire import ARTIFACT_PREFIX, MODEL_DIR_VARIABLE, SERVE_ORDER_VARIABLE, ServeOrder
from mooring.reconcile.modeldeployment.builtin import Parts, probe
from mooring.reconcile.modeldeployment.ports import HTTP
from mooring.reconcile.modeldeployment.seen import Seen
from mooring.reconcile.render import credentials, resources

FOLDER = "/mnt/models"
"""Where KServe puts models too: images that are made for it find them."""
LEAVE_SECONDS = 10
"""Before the container is told to end: until nobody routes to it any more. Few servers wait by themselves."""


def container_parts(seen: Seen, version: ModelVersion, server: ContainerServer) -> Parts:
    """Return the user's server for a version."""
    asked = resources(seen.deployment.spec.resources, cpu="100m", memory="256Mi")
    container = {
        "name": "server",
        "image": server.image,
        **({"command": list(server.command)} if server.command else {}),
        **({"args": list(server.args)} if server.args else {}),
        "env": [*_told(seen, version, server), *map(_variable, server.env)],
        "ports": [{"name": HTTP, "containerPort": server.port, "protocol": "TCP"}],
        "resources": asked,
        "readinessProbe": probe(server.ready_path, port=HTTP, period=2, failures=3),
        "lifecycle": {"preStop": {"sleep": {"seconds": LEAVE_SECONDS}}},
        "volumeMounts": [{"name": "model", "mountPath": FOLDER, "readOnly": True}],
    }
    fetch = _fetch(seen, version) | {"resources": asked}
    return Parts(container, first=[fetch], volumes=[{"name": "model", "emptyDir": {}}])


def _fetch(seen: Seen, version: ModelVersion) -> dict[str, Any]:
    artifact = version.spec.artifact
    order = ServeOrder(model=seen.deployment.spec.model, version=version.metadata.name, artifact=artifact)
    return {
        "name": "fetch",
        "image": seen.config.serving_image or seen.config.runtime_image,
        "command": ["python3", "-m", "mooring.serving.place"],
        "env": [
            {"name": SERVE_ORDER_VARIABLE, "value": order.model_dump_json(by_alias=True, exclude_none=True)},
            {"name": MODEL_DIR_VARIABLE, "value": FOLDER},
            *credentials(ARTIFACT_PREFIX, artifact.secret_name),
        ],
        "volumeMounts": [{"name": "model", "mountPath": FOLDER}],
    }


def _told(seen: Seen, version: ModelVersion, server: ContainerServer) -> list[dict[str, str]]:
    """Return the environment that says what to serve; first, so that the user's own may refer to it as $(NAME)."""
    told = {
        MODEL_DIR_VARIABLE: FOLDER,
        "MOORING_MODEL_NAME": seen.deployment.spec.model,
        "MOORING_MODEL_VERSION": version.metadata.name,
        "MOORING_PORT": str(server.port),
    }
    given = {variable.name for variable in server.env}
    # Libraries write below HOME, which user 65532 has only in /tmp.
    home = {} if "HOME" in given else {"HOME": "/tmp"}  # noqa: S108 (a mount, not a file)
    return [{"name": name, "value": value} for name, value in {**told, **home}.items()]


def _variable(variable: Variable) -> dict[str, Any]:
    if variable.secret_name is None:
        return {"name": variable.name, "value": variable.value}
    return {
        "name": variable.name,
        "valueFrom": {"secretKeyRef": {"name": variable.secret_name, "key": variable.key}},
    }
