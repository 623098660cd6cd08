"""A pod that asks for predictions without pause while something is changed, and what it counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.paths import REPOSITORY
from demo.errors import DemoFailed
from demo.follow import follow
from demo.kubectl import Kubectl
from demo.load import Report
from demo.pods import script_pod
from demo.say import output, say

POD = "load"
SCRIPT = Path(__file__).with_name("load.py")
REQUEST = REPOSITORY / "samples/census/request.json"
CONNECTIONS = 8
RATE = 200
MOST_SECONDS = 600
READY_SECONDS = 60.0
END_SECONDS = 60.0


@contextmanager
def load(kubectl: Kubectl, name: str, image: str) -> Iterator[None]:
    """Ask `name` for predictions from a pod of the cluster for as long as the block lasts."""
    kubectl.run("delete", "pod", POD, "--ignore-not-found", "--grace-period=1")
    files = {SCRIPT.name: SCRIPT.read_text(encoding="utf-8"), REQUEST.name: REQUEST.read_text(encoding="utf-8")}
    kubectl.apply_object({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": POD}, "data": files})
    url = f"http://{name}.{kubectl.namespace}.svc/v2/models/{name}/infer"
    amounts = [f"--connections={CONNECTIONS}", f"--rate={RATE}", f"--seconds={MOST_SECONDS}", "--requests=200000"]
    command = ["/load/load.py", url, "/load/request.json", *amounts]
    kubectl.apply_object(script_pod(POD, image, "/load", command, seconds=MOST_SECONDS + 60))
    follow(
        "the load's pod runs",
        lambda: _phase(kubectl),
        tell=lambda _: "",
        done=lambda phase: phase not in ("", "Pending"),
        seconds=READY_SECONDS,
        look_at=(f"kubectl -n {kubectl.namespace} describe pod {POD}",),
    )
    try:
        yield
    except BaseException:
        kubectl.run("delete", "pod", POD, "--ignore-not-found", "--wait=false")
        raise


def end(kubectl: Kubectl) -> Report:
    """End the load and return what it counted."""
    stop = ["python3", "-c", "import os, signal; os.kill(1, signal.SIGTERM)"]
    kubectl.run("exec", POD, "--", *stop)
    follow(
        "the load ends",
        lambda: _phase(kubectl),
        tell=lambda _: "",
        done=lambda phase: phase in ("Succeeded", "Failed"),
        seconds=END_SECONDS,
        look_at=(f"kubectl -n {kubectl.namespace} logs {POD}",),
    )
    lines = kubectl.run("logs", POD).strip().splitlines()
    try:
        return Report(**json.loads(lines[-1]))
    except (IndexError, ValueError, TypeError):
        raise DemoFailed(
            f"the load left no count: {lines[-1:] or 'nothing'}", f"kubectl -n {kubectl.namespace} logs {POD}"
        ) from None


def show(report: Report) -> None:
    """Show the count; raises DemoFailed if a single request failed."""
    say(f"{report.requests:,} requests in {report.seconds:.0f} s over {CONNECTIONS} connections, none repeated:")
    for version, count in sorted(report.versions.items()):
        output(f"  answered by {version:<12}{count:>9,}")
    output(f"  failed{report.failed:>27,}")
    latency = report.latency
    if latency:
        output(f"  milliseconds: median {latency['p50']}, 99% below {latency['p99']}, longest {latency['max']}")
    output(f"  second by second: {_changes(report)}")
    output(
        "  (a connection that is kept open stays with the version that it reached, until that asks it to come again)"
    )
    if report.failed:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(report.failures.items()))
        raise DemoFailed(f"{report.failed} requests failed ({kinds}), first: {'; '.join(report.first_failures)}")


def _changes(report: Report) -> str:
    """Return who answered when, for example `v1 0-31, v1+v2 32, v2 33-60`."""
    spans: list[tuple[str, int, int]] = []
    for entry in report.timeline:
        second = entry["second"]
        who = "+".join(sorted(key for key in entry if key != "second"))
        if spans and spans[-1][0] == who:
            spans[-1] = (who, spans[-1][1], second)
        else:
            spans.append((who, second, second))
    return ", ".join(f"{who} {first}" + (f"-{last}" if last > first else "") for who, first, last in spans)


def _phase(kubectl: Kubectl) -> str:
    return kubectl.run("get", "pod", POD, "-o", "jsonpath={.status.phase}", "--ignore-not-found")
