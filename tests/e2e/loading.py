"""A pod that asks a Service without pause and without retries, and counts what fails."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.asking import person
from tests.e2e.place import Place, runtime_image
from tests.support.kube import ROOT, eventually

NAME = "load"
LIMIT_SECONDS = 240


def start(
    place: Place,
    service: str,
    *words: str,
    model: str = "income",
    body: object = None,
    rate: int = 60,
    seconds: int = LIMIT_SECONDS,
    name: str = NAME,
) -> None:
    """Start asking; it ends by itself after `seconds`. `words` are more of them for demo/load.py.

    `body` is one request, or a list of {"body", "truth"} that are asked in turn. Loads at the same time need names.
    """
    script = (ROOT / "demo" / "load.py").read_text(encoding="utf-8")
    files = {"load.py": script, "request.json": json.dumps(body or person())}
    place.kube.apply({"kind": "ConfigMap", "metadata": {"name": name}, "data": files})
    url = f"http://{service}.{place.namespace}.svc/v2/models/{model}/infer"
    more = ["--seconds", str(seconds), "--rate", str(rate), "--connections", "6", *words]
    place.kube.create(_pod(name, ["python3", "/load/load.py", url, "/load/request.json", *more]))
    eventually("the load runs", lambda: (place.kube.get("Pod", name) or {})["status"]["phase"] == "Running", 60)


def stop(place: Place, name: str = NAME) -> dict[str, Any]:
    """Stop asking and return the count."""
    place.kubectl("exec", name, "--", "python3", "-c", "import os; os.kill(1, 15)")
    eventually("the load has ended", lambda: (place.kube.get("Pod", name) or {})["status"]["phase"] != "Running", 60)
    report: dict[str, Any] = json.loads(place.kubectl("logs", name).splitlines()[-1])
    place.kube.delete("Pod", name)
    eventually("its name is free", lambda: place.kube.get("Pod", name) is None, 60)
    return report


def _pod(name: str, command: list[str]) -> dict[str, Any]:
    container = {
        "name": "load",
        "image": runtime_image(),
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "volumeMounts": [{"name": "files", "mountPath": "/load"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "files", "configMap": {"name": name}}],
    }
    return {"kind": "Pod", "metadata": {"name": name}, "spec": spec}
