"""Asking a served model as its users do: through a forwarded port, or from pods inside the cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.place import Place, kubectl_path


@contextmanager
def forwarded(place: Place, thing: str, port: int = 80) -> Iterator[str]:
    """Forward a Service (or `pod/NAME`) to this machine and give its address (127.0.0.1:port)."""
    thing = thing if "/" in thing else f"svc/{thing}"
    command = [kubectl_path(), "-n", place.namespace, "port-forward", thing, f":{port}"]
    environment = {**os.environ, "KUBECONFIG": place.kube.kubeconfig}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", first)
        assert found is not None, first
        yield f"127.0.0.1:{found.group(1)}"
    finally:
        process.terminate()
        process.wait(10)


def ask(address: str, path: str, body: object = None, key: str | None = None) -> tuple[int, dict[str, Any]]:
    """Return the status and JSON body of an answer; `key` is shown if there is one."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(f"http://{address}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def person(**changes: Any) -> dict[str, Any]:
    """Return a V2 request for one person; a change of None leaves a feature out."""
    values: dict[str, tuple[str, Any]] = {
        "age": ("INT64", 41),
        "school": ("BYTES", "college"),
        "hours": ("FP64", 38.5),
    }
    for name, value in changes.items():
        values[name] = (values.get(name, ("FP64", None))[0], value)
    inputs = [
        {"name": name, "datatype": datatype, "shape": [1], "data": [value]}
        for name, (datatype, value) in values.items()
        if value is not None
    ]
    return {"inputs": inputs}
