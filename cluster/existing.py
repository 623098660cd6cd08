"""`MOORING_CLUSTER=existing`: the user's own cluster, which this tool only looks at."""

import ipaddress
import json
import os
import shutil
import sys
from urllib.parse import urlsplit

from cluster.errors import ClusterError
from cluster.paths import ADMIN_KUBECONFIG, BIN
from cluster.say import say
from cluster.settings import NODE_ADDRESS
from cluster.shell import run

LOCAL_NAMES = ("localhost", "host.docker.internal", "kubernetes.docker.internal", NODE_ADDRESS)
ANSWER_SECONDS = 20.0
IMAGE_VARIABLES = {
    "operator": "MOORING_OPERATOR_IMAGE",
    "serving": "MOORING_SERVING_IMAGE",
    "runtime": "MOORING_RUNTIME_IMAGE",
    "envoy": "MOORING_ENVOY_IMAGE",
}


def is_wanted() -> bool:
    """Whether the user points us at a cluster of their own."""
    choice = os.environ.get("MOORING_CLUSTER", "")
    if choice not in {"", "local", "existing"}:
        raise ClusterError(f"MOORING_CLUSTER={choice}: say `existing`, or leave it unset for the local cluster")
    return choice == "existing"


def verify(*, agreed: bool) -> None:
    """Return when the current context's cluster answers and, unless it is local, the user agreed to use it."""
    context = _kubectl("config", "current-context").strip()
    config = json.loads(_kubectl("config", "view", "--minify", "-o", "json"))
    server = str(config["clusters"][0]["cluster"]["server"])
    if not is_local(server) and not agreed:
        _ask(context, server)
    try:
        _kubectl("get", "--raw", "/readyz", "--request-timeout=15s")
    except ClusterError as error:
        raise ClusterError(f"the cluster of context {context} ({server}) does not answer:\n{error}") from error
    say(f"using the cluster of context {context} ({server})")


def is_local(server: str) -> bool:
    """Whether the API server's address is this machine's own; kind, k3d and Docker Desktop publish theirs there.

    A private address alone does not count: behind a VPN, production has one too.
    """
    host = urlsplit(server).hostname or ""
    try:
        return host in LOCAL_NAMES or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def images() -> dict[str, str]:
    """The images that the user pushed to where their cluster pulls from."""
    missing = [variable for variable in IMAGE_VARIABLES.values() if not os.environ.get(variable)]
    if missing:
        raise ClusterError(
            f"{' and '.join(missing)} must name images that your cluster can pull: "
            "build the Dockerfile's targets of these names, push them, and set the variables"
        )
    return {target: os.environ[variable] for target, variable in IMAGE_VARIABLES.items()}


def kubeconfig() -> str:
    """What KUBECONFIG would be: the user's own choice, or kubectl's default."""
    return os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")


def _ask(context: str, server: str) -> None:
    question = f"context {context} points at {server}, which is not local. Install Mooring's things there?"
    if not sys.stdin.isatty():
        raise ClusterError(f"{question} Nobody is here to ask: say --yes, or MOORING_YES=1.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise ClusterError("nothing was touched")


def _kubectl(*arguments: str) -> str:
    program = shutil.which("kubectl") or str(BIN / "kubectl")
    if os.environ.get("KUBECONFIG") == str(ADMIN_KUBECONFIG) and not ADMIN_KUBECONFIG.exists():
        raise ClusterError("KUBECONFIG still points at the local cluster, which is not up")
    return run([program, *arguments], timeout=ANSWER_SECONDS)
