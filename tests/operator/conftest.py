"""The laws of the operator, each shown on the real cluster."""

from tests.support.fixtures import kube, kubeconfig, namespace, sample

__all__ = ["kube", "kubeconfig", "namespace", "sample"]
