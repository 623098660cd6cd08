"""The programs of the cluster, in the order in which they start: how each is called, and how it says it is well.

Everything here is a pure description. `supervise.py` starts what is described and is not running yet.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import pki
from cluster.config_files import (
    CONTAINERD_CONFIG,
    COREFILE,
    KUBELET_CONFIG,
    PROXY_CONFIG,
    config_files,
)
from cluster.paths import BIN, CONTAINERD_SOCKET, ETCD_DATA, STATE
from cluster.settings import (
    API_PORT,
    API_URL,
    ETCD_PEER_URL,
    ETCD_URL,
    NODE,
    NODE_ADDRESS,
    SERVICE_CIDR,
)

API_SERVER = "apiserver"
CONTAINERD = "containerd"
KUBELET = "kubelet"


@dataclass(frozen=True)
class Component:
    """One program. `health` is a URL that answers 200, or the Unix socket that accepts a connection."""

    name: str
    command: tuple[str, ...]
    health: str
    files: tuple[Path, ...] = ()

    def fingerprint(self) -> str:
        """The hash of its settings: a process started with others is started again."""
        digest = hashlib.sha256("\0".join(self.command).encode())
        program = Path(self.command[0])
        digest.update(str(program.resolve()).encode())
        for path in self.files:
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]


def _flags(program: str | Path, flags: Sequence[tuple[str, object]]) -> tuple[str, ...]:
    return (str(program), *(f"--{name}={value}" for name, value in flags))


def etcd() -> Component:
    """No fsync: a test cluster's state need not survive a power cut, and the disk is the slowest part of it."""
    return Component(
        "etcd",
        (
            *_flags(
                "/usr/bin/etcd",
                [
                    ("name", "mooring"),
                    ("data-dir", ETCD_DATA),
                    ("listen-client-urls", ETCD_URL),
                    ("advertise-client-urls", ETCD_URL),
                    ("listen-peer-urls", ETCD_PEER_URL),
                    ("initial-advertise-peer-urls", ETCD_PEER_URL),
                    ("initial-cluster", f"mooring={ETCD_PEER_URL}"),
                    ("quota-backend-bytes", 4 * 1024**3),
                    ("auto-compaction-retention", 1),
                    ("log-level", "warn"),
                ],
            ),
            "--unsafe-no-fsync",
        ),
        health=f"{ETCD_URL}/health",
    )


def containerd() -> Component:
    """A containerd of our own, beside any other: own root, state and socket."""
    return Component(
        CONTAINERD,
        ("/usr/bin/containerd", "--config", str(CONTAINERD_CONFIG)),
        health=f"unix:{CONTAINERD_SOCKET}",
        files=(CONTAINERD_CONFIG,),
    )


def api_server() -> Component:
    """Listens on the node's address only: pods and the host reach it, the network outside does not."""
    return Component(
        API_SERVER,
        _flags(
            BIN / "kube-apiserver",
            [
                ("bind-address", NODE_ADDRESS),
                ("advertise-address", NODE_ADDRESS),
                ("secure-port", API_PORT),
                ("etcd-servers", ETCD_URL),
                ("service-cluster-ip-range", SERVICE_CIDR),
                ("tls-cert-file", pki.SERVER),
                ("tls-private-key-file", pki.SERVER_KEY),
                ("client-ca-file", pki.CA),
                ("token-auth-file", pki.TOKENS),
                ("authorization-mode", "Node,RBAC"),
                ("enable-admission-plugins", "NodeRestriction"),
                ("service-account-issuer", "https://kubernetes.default.svc"),
                ("service-account-signing-key-file", pki.SERVICE_ACCOUNT_KEY),
                ("service-account-key-file", pki.SERVICE_ACCOUNT_PUBLIC_KEY),
                ("kubelet-client-certificate", pki.KUBELET_CLIENT),
                ("kubelet-client-key", pki.KUBELET_CLIENT_KEY),
                ("kubelet-certificate-authority", pki.CA),
                ("kubelet-preferred-address-types", "InternalIP"),
                ("allow-privileged", "true"),
                ("profiling", "false"),
                ("shutdown-delay-duration", "0s"),
            ],
        ),
        health=f"{API_URL}/readyz",
        files=(pki.CA, pki.TOKENS),
    )


def controller_manager() -> Component:
    """Runs the Job, Deployment, garbage collection and namespace controllers, each as its own service account."""
    return Component(
        "controller-manager",
        _flags(
            BIN / "kube-controller-manager",
            [
                ("kubeconfig", pki.CONTROLLER_MANAGER.kubeconfig),
                ("bind-address", "127.0.0.1"),
                ("tls-cert-file", pki.SERVER),
                ("tls-private-key-file", pki.SERVER_KEY),
                ("use-service-account-credentials", "true"),
                ("service-account-private-key-file", pki.SERVICE_ACCOUNT_KEY),
                ("root-ca-file", pki.CA),
                ("flex-volume-plugin-dir", STATE / "kubelet-plugins"),
                # The default limits halve how fast it starts, and how fast tests see what it does.
                ("kube-api-qps", 300),
                ("kube-api-burst", 600),
                ("leader-elect", "false"),
                ("profiling", "false"),
            ],
        ),
        health="https://127.0.0.1:10257/healthz",
        files=(pki.CONTROLLER_MANAGER.kubeconfig,),
    )


def scheduler() -> Component:
    """Places pods on the one node: what it adds here is that requests beyond the node's size stay pending."""
    return Component(
        "scheduler",
        _flags(
            BIN / "kube-scheduler",
            [
                ("kubeconfig", pki.SCHEDULER.kubeconfig),
                ("bind-address", "127.0.0.1"),
                ("tls-cert-file", pki.SERVER),
                ("tls-private-key-file", pki.SERVER_KEY),
                ("leader-elect", "false"),
                ("profiling", "false"),
            ],
        ),
        health="https://127.0.0.1:10259/healthz",
        files=(pki.SCHEDULER.kubeconfig,),
    )


def proxy() -> Component:
    """Turns Services and NodePorts into iptables rules."""
    return Component(
        "proxy",
        _flags(BIN / "kube-proxy", [("config", PROXY_CONFIG), ("hostname-override", NODE)]),
        health="http://127.0.0.1:10256/livez",
        files=(PROXY_CONFIG, pki.PROXY.kubeconfig),
    )


def kubelet() -> Component:
    """Runs the pods. Everything it writes lies below the state folder, not in /var/lib/kubelet."""
    return Component(
        KUBELET,
        _flags(
            BIN / "kubelet",
            [
                ("config", KUBELET_CONFIG),
                ("kubeconfig", pki.KUBELET.kubeconfig),
                ("hostname-override", NODE),
                ("node-ip", NODE_ADDRESS),
                ("root-dir", STATE / "kubelet"),
            ],
        ),
        health="http://127.0.0.1:10248/healthz",
        files=(KUBELET_CONFIG, pki.KUBELET.kubeconfig),
    )


def coredns() -> Component:
    """Serves DNS on the node's address: one process of the host instead of a pod, an image and a Service."""
    return Component(
        "coredns",
        (str(BIN / "coredns"), "-conf", str(COREFILE)),
        health="http://127.0.0.1:8181/ready",
        files=(COREFILE, pki.COREDNS.kubeconfig),
    )


def write_config_files() -> None:
    """Write what the components read when they start; kube-proxy ends when its file is as much as touched."""
    for path, text in config_files().items():
        if path.exists() and path.read_text() == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def components() -> list[Component]:
    """All of them, in the order in which they start."""
    return [
        etcd(),
        containerd(),
        api_server(),
        controller_manager(),
        scheduler(),
        kubelet(),
        proxy(),
        coredns(),
    ]


STOP_ORDER = (
    ("proxy", "kubelet", "coredns", "scheduler", "controller-manager"),
    (API_SERVER,),
    ("etcd",),
    (CONTAINERD,),
)
"""Those of one group stop together. Pods are killed after the first: nothing is left that would start them again."""
