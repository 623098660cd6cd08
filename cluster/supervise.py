"""Bringing what runs to what is described: start what is missing or changed, leave the rest alone."""

from collections.abc import Iterable

from cluster import processes
from cluster.components import STOP_ORDER, Component
from cluster.containers import kill_everything
from cluster.errors import ClusterError
from cluster.health import healthy, wait_for
from cluster.processes import Process, log_file, recorded
from cluster.say import say, step

START_SECONDS = 60.0
GRACE_SECONDS = 10.0
LOG_LINES = 15
ALL_NAMES = tuple(name for group in STOP_ORDER for name in group)


def running() -> list[Process]:
    """The processes of the cluster that are there now."""
    found = [recorded(name) for name in ALL_NAMES]
    return [process for process in found if process is not None and process.running]


def ensure(component: Component) -> bool:
    """Have the component running and healthy; returns whether it had to be started.

    Raises ClusterError with the end of its log when it does not become healthy.
    """
    fingerprint = component.fingerprint()
    current = recorded(component.name)
    started = False
    if current is not None and current.running and current.fingerprint != fingerprint:
        say(f"{component.name}: its settings changed, so it is started again")
        processes.stop([current], grace_seconds=GRACE_SECONDS)
    if current is None or not current.running:
        current = processes.start(component.name, component.command, fingerprint=fingerprint)
        started = True
    with step(f"{component.name} is healthy", quiet_below=0.0 if started else 0.5):
        process = current
        wait_for(lambda: healthy(component) or not process.running, seconds=START_SECONDS)
    if not process.running or not healthy(component):
        raise ClusterError(_explain(component.name, ended=not process.running))
    return started


def restart(component: Component) -> None:
    """Stop the component, and start it again."""
    current = recorded(component.name)
    if current is not None:
        processes.stop([current], grace_seconds=GRACE_SECONDS)
    ensure(component)


def _explain(name: str, *, ended: bool) -> str:
    log = log_file(name)
    tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
    happened = "ended" if ended else f"did not become healthy within {START_SECONDS:.0f} s"
    return f"{name} {happened}. The end of {log}:\n  {tail}"


def stop_all() -> None:
    """Stop everything that we started, in an order in which nothing waits for what is gone already."""
    for position, group in enumerate(STOP_ORDER):
        present = [process for process in map(recorded, group) if process is not None]
        processes.stop(present, grace_seconds=GRACE_SECONDS)
        if position == 0:
            kill_everything()
        _forget(group)


def _forget(names: Iterable[str]) -> None:
    for name in names:
        processes.forget(name)
