"""kubectl as the administrator of the local cluster."""

from cluster.paths import ADMIN_KUBECONFIG, BIN
from cluster.shell import run


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl and return what it printed."""
    return run([BIN / "kubectl", *arguments], stdin=stdin, env={"KUBECONFIG": str(ADMIN_KUBECONFIG)})
