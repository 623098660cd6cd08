"""The configuration files of the components that take one."""

import json
from pathlib import Path

from cluster import pki
from cluster.network import CNI_CONFIG
from cluster.paths import CONFIG, CONTAINERD_ROOT, CONTAINERD_SOCKET, CONTAINERD_STATE, LOGS, STATE
from cluster.settings import CGROUP, CLUSTER_DOMAIN, MAX_PODS, NODE_ADDRESS, POD_CIDR

CONTAINERD_CONFIG = CONFIG / "containerd.toml"
KUBELET_CONFIG = CONFIG / "kubelet.json"
PROXY_CONFIG = CONFIG / "proxy.json"
COREFILE = CONFIG / "Corefile"
PAUSE_IMAGE = "localhost/mooring-pause:1"


def config_files() -> dict[Path, str]:
    """Every configuration file and its text."""
    return {
        CONTAINERD_CONFIG: _containerd(),
        KUBELET_CONFIG: json.dumps(_kubelet(), indent=2),
        PROXY_CONFIG: json.dumps(_proxy(), indent=2),
        COREFILE: _corefile(),
    }


def _containerd() -> str:
    # restrict_oom_score_adj: inside some containers and VMs a process may not lower its own score.
    return f"""version = 2
root = "{CONTAINERD_ROOT}"
state = "{CONTAINERD_STATE}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE_IMAGE}"
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{CNI_CONFIG}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    discard_unpacked_layers = false
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def _kubelet() -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.CA)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki.SERVER),
        "tlsPrivateKeyFile": str(pki.SERVER_KEY),
        "clusterDomain": CLUSTER_DOMAIN,
        "clusterDNS": [NODE_ADDRESS],
        "resolvConf": "/etc/resolv.conf",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{CGROUP}",
        "enforceNodeAllocatable": [],
        "failCgroupV1": False,
        "failSwapOn": False,
        "maxPods": MAX_PODS,
        "podLogsDir": str(LOGS / "pods"),
        "volumePluginDir": str(STATE / "kubelet-plugins"),
        # A developer's disk may be nearly full; evicting the demo's pods would not help.
        "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        # One user on one node: the default limits protect a big cluster and only make this one slow.
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "eventRecordQPS": 0,
        "registryPullQPS": 0,
        "serializeImagePulls": False,
        "nodeLeaseDurationSeconds": 40,
    }


def _proxy() -> dict[str, object]:
    # Zero means: leave the kernel's setting as it is. Sysctls cannot be written everywhere.
    conntrack = {
        "maxPerCore": 0,
        "min": 0,
        "tcpCloseWaitTimeout": "0s",
        "tcpEstablishedTimeout": "0s",
        "udpTimeout": "0s",
        "udpStreamTimeout": "0s",
    }
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(pki.PROXY.kubeconfig)},
        "clusterCIDR": POD_CIDR,
        "conntrack": conntrack,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "iptables": {"localhostNodePorts": True, "minSyncPeriod": "100ms", "syncPeriod": "30s"},
        # Reachable from this machine, and from nowhere else.
        "nodePortAddresses": ["127.0.0.0/8", f"{NODE_ADDRESS}/32"],
    }


def _corefile() -> str:
    return f""".:53 {{
    bind {NODE_ADDRESS}
    errors
    ready 127.0.0.1:8181
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {pki.COREDNS.kubeconfig}
        ttl 1
    }}
    cache 5 {{
        disable success {CLUSTER_DOMAIN}
        disable denial {CLUSTER_DOMAIN}
    }}
    forward . /etc/resolv.conf
}}
"""
