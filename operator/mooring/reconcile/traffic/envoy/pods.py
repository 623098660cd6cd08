"""The pods that run Envoy: rendered once, kept as they were, and asked to look at new files at once."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from mooring.api.modeldeployment import ModelDeployment
from mooring.api.server import BuiltinServer
from mooring.reconcile.plan import LABEL_ARM, LABEL_PART, Object, Patch
from mooring.reconcile.render import labels, pod_spec
from mooring.reconcile.traffic.envoy.bootstrap import bootstrap
from mooring.reconcile.traffic.envoy.names import ADMIN_PORT, FOLDER, GRPC_PORT, HTTP_PORT, OPS_PORT

KIND = "ModelDeployment"
ANNOTATION_SPLIT = "mooring.dev/split"
"""On Envoy's pods: the version of the split. A changed annotation makes the kubelet look at the ConfigMap at once."""

_GRACE_SECONDS = 45
_SPARE_BYTES = 64 * 1024
_MOST_BYTES = 8 * 1024 * 1024

_ASK = f"""\
ask() {{
  exec 3<>/dev/tcp/127.0.0.1/{ADMIN_PORT} || exit 1
  printf '%s HTTP/1.1\\r\\nhost: envoy\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n' "$1" >&3
  cat <&3
}}
"""
BEGUN = f"""{_ASK}
[[ $(ask 'GET /stats?filter=^cluster.*-.*membership_healthy') == *'healthy: '[1-9]* ]]
"""
"""Tells whether Envoy has found pods of any version: what the name of a version says just before that is remembered for
some seconds, and until then it would refuse requests. (Its own administration has a name without a dash.)
"""
DRAIN = f"""{_ASK}
ask 'POST /healthcheck/fail' >/dev/null
for second in {{1..25}}; do
  sleep 1
  [[ $second -ge 5 && $(ask 'GET /stats?filter=^http.ingress.downstream_cx_active') == *'active: 0'* ]] && exit 0
done
"""
"""Before Envoy is told to end, which it does at once: callers are told to connect anew, and given the time to do so.

New connections are still taken, since not every node has heard by then that this pod goes. Needs bash and coreutils.
"""


def envoy_name(deployment: str) -> str:
    """Return the name of everything that belongs to the Envoy of a ModelDeployment, and of its pods' arm."""
    return f"{deployment}-envoy"


def pod_labels(deployment: ModelDeployment) -> dict[str, str]:
    """Return the labels of Envoy's pods."""
    owner = deployment.metadata
    return labels(KIND, owner) | {LABEL_PART: "envoy", LABEL_ARM: envoy_name(owner.name)}


def render_pod(deployment: ModelDeployment, image: str) -> dict[str, Any]:
    """Return the template of Envoy's pods, with everything that cannot change while they run."""
    name = envoy_name(deployment.metadata.name)
    container = {
        "name": "envoy",
        "image": image,
        "command": ["envoy"],
        "args": [
            *("--config-yaml", json.dumps(bootstrap(buffer_bytes=_buffer_bytes(deployment)), sort_keys=True)),
            *("--concurrency", "2", "--disable-hot-restart", "--log-level", "warning"),
        ],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT, "protocol": "TCP"},
            {"name": "grpc", "containerPort": GRPC_PORT, "protocol": "TCP"},
            {"name": "admin", "containerPort": OPS_PORT, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "startupProbe": {
            "exec": {"command": ["bash", "-c", BEGUN]},
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 3600,
            "successThreshold": 1,
        },
        "readinessProbe": _probe("/ready", period=1, failures=2),
        "livenessProbe": _probe("/live", period=10, failures=6),
        "lifecycle": {"preStop": {"exec": {"command": ["bash", "-c", DRAIN]}}},
        "volumeMounts": [{"name": "files", "mountPath": FOLDER, "readOnly": True}],
    }
    spec = pod_spec(
        container,
        terminationGracePeriodSeconds=_GRACE_SECONDS,
        volumes=[{"name": "files", "configMap": {"name": name}}],
        topologySpreadConstraints=[_spread(name)],
    )
    return {"metadata": {"labels": pod_labels(deployment)}, "spec": spec}


def _buffer_bytes(deployment: ModelDeployment) -> int:
    """Return how much of a request is kept for a second try: all of one that the server would take, within reason."""
    server = deployment.spec.server
    builtin = (server.builtin if server else None) or BuiltinServer()
    return min(builtin.max_body_bytes + _SPARE_BYTES, _MOST_BYTES)


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "admin", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
        "successThreshold": 1,
    }


def _spread(name: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {LABEL_ARM: name}},
    }


def nudges(pods: Iterable[Object], version: str, late: Collection[str] = ()) -> tuple[Patch, ...]:
    """Return the patches by which the kubelets look at a changed ConfigMap in tenths of a second, not in a minute.

    `pods` are Envoy's; `late` are the names of those that were told and still have another version after seconds:
    the kubelet may have looked a moment too early, so they are told again, in another word.
    """
    return tuple(
        patch
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and (patch := _nudge(pod["metadata"], version, again=pod["metadata"]["name"] in late)) is not None
    )


def _nudge(metadata: Mapping[str, Any], version: str, *, again: bool) -> Patch | None:
    said = (metadata.get("annotations") or {}).get(ANNOTATION_SPLIT, "")
    if said.partition("/")[0] == version and not again:
        return None
    word = f"{version}/again" if said == version else version
    body = {"metadata": {"annotations": {ANNOTATION_SPLIT: word}}}
    return Patch("Pod", metadata["namespace"], metadata["name"], metadata["uid"], body)
