"""What runs, since when, whether it is well, and how much memory it takes."""

import sys

from cluster.cgroups import memory_bytes
from cluster.components import components
from cluster.containers import shims
from cluster.health import healthy, node_ready
from cluster.paths import ADMIN_KUBECONFIG, BIN, CACHE, STATE
from cluster.processes import Process, recorded
from cluster.supervise import ALL_NAMES, running

MIB = 1024 * 1024


def status() -> bool:
    """Print a table of the components; returns whether all of them are well and the node is Ready."""
    if not running():
        print(f"the cluster is not up (state would be in {STATE}, cache in {CACHE})")
        return False
    well = {component.name: healthy(component) for component in components()}
    print(f"{'COMPONENT':<20}{'PID':>8}  {'UP':>9}  {'HEALTHY':<8}{'MEMORY':>9}")
    total = 0
    for name in ALL_NAMES:
        process = recorded(name)
        print(_row(name, process, well[name]))
        total += process.memory_bytes if process else 0
    ready = node_ready()
    pods = memory_bytes()
    shim_memory = sum(shim.memory_bytes for shim in shims())
    print(f"\nnode Ready: {'yes' if ready else 'no'}")
    print(f"memory: components {_mib(total)}, shims {_mib(shim_memory)}, pods {_mib(pods)}")
    print(f"kubeconfig: {ADMIN_KUBECONFIG}\nkubectl: {BIN / 'kubectl'}\nstate: {STATE}\ncache: {CACHE}")
    sys.stdout.flush()
    return ready and all(well.values())


def _row(name: str, process: Process | None, well: bool) -> str:
    if process is None or not process.running:
        return f"{name:<20}{'-':>8}  {'-':>9}  {'down':<8}{'-':>9}"
    age = _age(process.age_seconds)
    return f"{name:<20}{process.pid:>8}  {age:>9}  {'yes' if well else 'no':<8}{_mib(process.memory_bytes):>9}"


def _age(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute:02}m{second:02}s" if hours else f"{minute}m{second:02}s"


def _mib(count: int) -> str:
    return f"{count / MIB:.0f} MiB"
