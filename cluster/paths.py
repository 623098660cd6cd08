"""Where things lie: what belongs to the running cluster, and what is kept between clusters.

State is what `down` deletes. The cache is what only costs time to rebuild; it lies outside the clone so that a
fresh checkout starts warm, and every entry is named by the hash of what went into it.
"""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def state_folder() -> Path:
    """Everything of the one running cluster: etcd, containerd, keys, logs, process records."""
    return Path(os.environ.get("MOORING_CLUSTER_DIR") or "/var/lib/mooring-cluster")


def cache_folder() -> Path:
    """Go binaries, the base image, buildah's layers and pip's wheels."""
    if named := os.environ.get("MOORING_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mooring"


STATE = state_folder()
CACHE = cache_folder()

BIN = STATE / "bin"
PKI = STATE / "pki"
CONFIG = STATE / "config"
LOGS = STATE / "logs"
PROCESSES = STATE / "processes"
KUBECONFIGS = STATE / "kubeconfig"
ADMIN_KUBECONFIG = KUBECONFIGS / "admin"
ETCD_DATA = STATE / "etcd"
BUCKETS = STATE / "object-store"

CONTAINERD_SOCKET = STATE / "containerd" / "containerd.sock"
CONTAINERD_ROOT = STATE / "containerd" / "root"
CONTAINERD_STATE = STATE / "containerd" / "state"
"""Bind mounts of pods' root filesystems and network namespaces live here: unmount before deleting."""
