"""What the cluster changes in the machine's network, and how all of it is taken back.

A bridge carries the node's address (the `dummy` type is missing on some kernels), another the pods'. Kubernetes
and the CNI plugins add iptables chains under names of their own; everything else in the tables is left alone.
"""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from cluster.mounts import remove_empty
from cluster.paths import CONFIG, STATE
from cluster.settings import NODE_ADDRESS, NODE_LINK, POD_CIDR, POD_LINK
from cluster.shell import run, succeeds

SAVED_SYSCTLS = STATE / "sysctls.json"
SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/route_localnet": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
}
"""Pods are routed; NodePorts answer on 127.0.0.1; traffic between pods passes the Services' rules."""
CNI_CONFIG = CONFIG / "cni"
CNI_RESULTS = Path("/var/lib/cni/results")
CNI_NETWORK = "mooring"
COMMENT = "mooring-cluster"
_OUR_CHAIN = re.compile(r"(KUBE|CNI)-\S+")


def set_up() -> None:
    """Make the node's address, the sysctls, the CNI configuration and the way out for pods. Safe to repeat."""
    for module in ("br_netfilter", "overlay"):
        # Built into some kernels, where modprobe may not even exist.
        if shutil.which("modprobe"):
            succeeds(["modprobe", module])
    _set_sysctls()
    if not succeeds(["ip", "link", "show", NODE_LINK]):
        run(["ip", "link", "add", NODE_LINK, "type", "bridge"])
    run(["ip", "address", "replace", f"{NODE_ADDRESS}/32", "dev", NODE_LINK])
    run(["ip", "link", "set", NODE_LINK, "up"])
    _write_cni_config()
    rule = ["POSTROUTING", "-s", POD_CIDR, "!", "-d", POD_CIDR, "-m", "comment", "--comment", COMMENT]
    if not succeeds(["iptables", "-w", "-t", "nat", "-C", *rule, "-j", "MASQUERADE"]):
        run(["iptables", "-w", "-t", "nat", "-A", *rule, "-j", "MASQUERADE"])


def tear_down() -> None:
    """Take back everything that the cluster added."""
    _remove_iptables_rules()
    for link in (POD_LINK, NODE_LINK):
        if succeeds(["ip", "link", "show", link]):
            run(["ip", "link", "delete", link])
    for result in CNI_RESULTS.glob(f"{CNI_NETWORK}-*"):
        pod = result.name.removeprefix(f"{CNI_NETWORK}-").partition("-")[0]
        (CNI_RESULTS / f"cni-loopback-{pod}-lo").unlink(missing_ok=True)
        result.unlink()
    remove_empty([CNI_RESULTS, CNI_RESULTS.parent])
    if SAVED_SYSCTLS.exists():
        for name, value in json.loads(SAVED_SYSCTLS.read_text()).items():
            Path("/proc/sys", name).write_text(value)
        SAVED_SYSCTLS.unlink()


def _set_sysctls() -> None:
    files = {name: Path("/proc/sys", name) for name in SYSCTLS}
    before = {name: file.read_text().strip() for name, file in files.items() if file.exists()}
    if not SAVED_SYSCTLS.exists():
        SAVED_SYSCTLS.write_text(json.dumps(before))
    for name, value in before.items():
        if value != SYSCTLS[name]:
            files[name].write_text(SYSCTLS[name])


def _write_cni_config() -> None:
    CNI_CONFIG.mkdir(parents=True, exist_ok=True)
    bridge = {
        "type": "bridge",
        "bridge": POD_LINK,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(STATE / "cni"),
            "ranges": [[{"subnet": POD_CIDR}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    network = {"cniVersion": "0.4.0", "name": CNI_NETWORK, "plugins": [bridge, portmap]}
    (CNI_CONFIG / "10-mooring.conflist").write_text(json.dumps(network, indent=2))


def _remove_iptables_rules() -> None:
    for family in ("iptables", "ip6tables"):
        saved = run([f"{family}-save"])
        if plan := removal_plan(saved.splitlines()):
            run([f"{family}-restore", "--noflush", "-w"], stdin=plan)


def removal_plan(saved: Iterable[str]) -> str:
    """Input for `iptables-restore --noflush` that removes Kubernetes' and CNI's chains and every jump into them.

    `saved` is what iptables-save printed. Rules go first, then the chains are emptied and deleted, each table at
    once. The result is empty when nothing of ours is in force.
    """
    tables: dict[str, tuple[list[str], list[str]]] = {}
    table = ""
    for line in saved:
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":") and _OUR_CHAIN.fullmatch(name := line[1:].split()[0]):
            tables.setdefault(table, ([], []))[0].append(name)
        elif line.startswith("-A ") and _is_our_rule(line):
            tables.setdefault(table, ([], []))[1].append(f"-D {line[3:]}")
    plan: list[str] = []
    for name, (chains, rules) in tables.items():
        declared = [f":{chain} - [0:0]" for chain in chains]
        plan += [f"*{name}", *declared, *rules, *(f"-X {chain}" for chain in chains), "COMMIT"]
    return "".join(f"{line}\n" for line in plan)


def _is_our_rule(line: str) -> bool:
    chain = line.split()[1]
    if _OUR_CHAIN.fullmatch(chain):
        return False  # goes with its chain
    jump = re.search(r"-[jg] (\S+)", line)
    return COMMENT in line or (jump is not None and _OUR_CHAIN.fullmatch(jump[1]) is not None)
