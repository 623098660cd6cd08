"""The addresses, names and versions of the local cluster, each decided here and nowhere else."""

NODE = "mooring"
NODE_ADDRESS = "10.246.0.1"
NODE_LINK = "mooring-node"

POD_LINK = "mooring-pods"
POD_CIDR = "10.244.0.0/22"
"""1,021 addresses for at most MAX_PODS pods: an address is not reused the moment its pod is gone."""
MAX_PODS = 250

SERVICE_CIDR = "10.245.0.0/16"
API_SERVICE_ADDRESS = "10.245.0.1"
CLUSTER_DOMAIN = "cluster.local"

API_PORT = 6443
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"
ETCD_URL = "http://127.0.0.1:12379"
"""On the loopback address only, where no pod can reach it, and off etcd's usual port."""
ETCD_PEER_URL = "http://127.0.0.1:12380"

KUBERNETES_VERSION = "v1.36.3"
SYSTEM_NAMESPACE = "mooring-system"
OBJECT_STORE_NODE_PORT = 30900
BUCKETS = ("datasets", "models")
CGROUP = "mooring-cluster"
"""Pods run below a cgroup of our own, so that whatever runs in it is known to be ours."""
