"""The real cluster, as the smoke tests see it: kubectl, a namespace of their own, and a web server in it."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pytest

from cluster import images
from cluster.base_images import BASE_IMAGE
from cluster.health import node_ready, wait_for
from cluster.paths import ADMIN_KUBECONFIG, BIN

Object: TypeAlias = Mapping[str, object]
DEADLINE_SECONDS = 40
RESTRICTED: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


class Kubectl:
    """kubectl as the administrator, in one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.environment = {**os.environ, "KUBECONFIG": str(ADMIN_KUBECONFIG)}

    def command(self, *words: str) -> list[str]:
        return [str(BIN / "kubectl"), "--namespace", self.namespace, *words]

    def try_(self, *words: str, stdin: Object | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=DEADLINE_SECONDS + 20,
            check=False,
        )

    def __call__(self, *words: str, stdin: Object | None = None) -> str:
        done = self.try_(*words, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, thing: Object) -> None:
        self("apply", "-f", "-", stdin=thing)

    def wait(self, thing: str, condition: str) -> None:
        self("wait", thing, f"--for={condition}", f"--timeout={DEADLINE_SECONDS}s")


def eventually(condition: object, *, seconds: float = DEADLINE_SECONDS) -> bool:
    """Whether the condition came to hold within the deadline."""
    assert callable(condition)
    return wait_for(lambda: bool(condition()), seconds=seconds)


def container(command: list[str], **more: object) -> Object:
    """A container on the base image that satisfies PodSecurity restricted."""
    return {
        "name": "main",
        "image": BASE_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "securityContext": RESTRICTED,
        **more,
    }


@pytest.fixture(scope="session")
def base_image() -> str:
    if not ADMIN_KUBECONFIG.exists() or not node_ready():
        pytest.fail("the local cluster is not up; first: make cluster")
    return images.load_base()


@pytest.fixture(scope="session")
def kubectl(base_image: str) -> Iterator[Kubectl]:
    """kubectl in a namespace of this run, which enforces PodSecurity restricted."""
    name = f"smoke-{uuid.uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    client = Kubectl(name)
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield client
    client("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="session")
def web(kubectl: Kubectl) -> str:
    """A Deployment with a readiness probe, behind a Service with a NodePort; returns the name of both."""
    labels = {"app": "web"}
    serve = (
        "import http.server as h, signal, sys; signal.signal(15, lambda *_: sys.exit());"
        "print('serving', flush=True); h.test(h.SimpleHTTPRequestHandler, port=8000)"
    )
    probe = {"httpGet": {"path": "/etc/hostname", "port": 8000}, "periodSeconds": 1}
    main = container(["python3", "-c", serve], readinessProbe=probe, ports=[{"containerPort": 8000}])
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [main], "enableServiceLinks": False}},
    }
    kubectl.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    service = {"type": "NodePort", "selector": labels, "ports": [{"port": 80, "targetPort": 8000}]}
    kubectl.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": service})
    kubectl("rollout", "status", "deployment/web", f"--timeout={DEADLINE_SECONDS}s")
    return "web"
