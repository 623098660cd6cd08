"""What the loop costs besides the work itself: `make bench`, on the running cluster.

Trains the census model once and serves it, in a namespace of its own, and prints a Markdown table: how long each step
took from the `kubectl apply` of a person to what that person waits for, what the operator weighs, how big the images
are and how long the code is. Times of the machine that it runs on, once: repeat before believing the second digit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import code_size
from bench.fill import fill
from bench.watching import Watch
from cluster.paths import REPOSITORY
from demo import place
from demo.errors import DemoFailed
from demo.kubectl import Kubectl
from demo.say import say
from demo.serve import condition, read
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import TrainReport

NAMESPACE = "mooring-bench"
MODEL = "income"
SAMPLES = REPOSITORY / "samples" / "census"
STEP_SECONDS = 300.0
IDLE_SECONDS = 10.0
ASK_SECONDS = 0.2
"""Between two questions whether it answers: asking costs time that the starting pods need."""
MIB = 1024 * 1024


def train(kubectl: Kubectl) -> list[str]:
    """Return the rows about a training."""
    with Watch(kubectl, "jobs") as jobs, Watch(kubectl, "modelversions.mooring.dev") as versions:
        time.sleep(2.0)  # until both watches stand: they tell of nothing by which that could be seen
        began = time.monotonic()
        kubectl.run("apply", "-f", str(SAMPLES / "trainingjob.yaml"))
        applied = time.monotonic() - began
        job = jobs.first(STEP_SECONDS) - began
        recorded = versions.first(STEP_SECONDS) - began
    steps = _steps(kubectl)
    fit = steps["fit"]
    told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps.items())
    return [
        f"| `kubectl apply` of a TrainingJob, by itself | {applied:.2f} s |",
        f"| … until its Job is created | {job:.2f} s |",
        f"| … until its version is recorded | {recorded:.1f} s |",
        f"| … the same, less the fit ({fit:.1f} s) | {recorded - fit:.1f} s |",
        f"| steps of the training pod | {told} s |",
    ]


def serve(kubectl: Kubectl) -> list[str]:
    """Return the rows about serving."""
    began = time.monotonic()
    kubectl.run("apply", "-f", str(SAMPLES / "modeldeployment.yaml"))
    path = f"/api/v1/namespaces/{NAMESPACE}/services/{MODEL}:80/proxy/v2/models/{MODEL}/infer"
    while not _answers(kubectl, path):
        if time.monotonic() - began > STEP_SECONDS:
            raise DemoFailed("no answer", f"kubectl -n {NAMESPACE} describe modeldeployment {MODEL}")
        time.sleep(ASK_SECONDS)
    answered = time.monotonic() - began
    while condition(read(kubectl, MODEL), "Ready")[0] != "True":
        if time.monotonic() - began > STEP_SECONDS:
            raise DemoFailed("not Ready", f"kubectl -n {NAMESPACE} describe modeldeployment {MODEL}")
    return [
        f"| `kubectl apply` of a ModelDeployment until its first prediction | {answered:.1f} s |",
        f"| … until both replicas are ready | {time.monotonic() - began:.1f} s |",
    ]


def operator() -> list[str]:
    """Return the row about the operator's memory."""
    time.sleep(IDLE_SECONDS)
    script = "print(next(line.split()[1] for line in open('/proc/1/status') if line.startswith('VmRSS')))"
    resident = Kubectl(place.SYSTEM).run("exec", "deployment/mooring-operator", "--", "python3", "-c", script)
    return [f"| the operator's memory, idle (resident) | {int(resident) / 1024:.0f} MiB |"]


def images(kubectl: Kubectl) -> list[str]:
    """Return the rows about the images that run, in the size that the node reports."""
    nodes = json.loads(kubectl.run("get", "nodes", "-o", "json"))["items"]
    sizes = {
        name: image["sizeBytes"] for node in nodes for image in node["status"]["images"] for name in image["names"]
    }
    used = {
        "operator": _image(Kubectl(place.SYSTEM), "app.kubernetes.io/name=mooring-operator"),
        "runtime": kubectl.run("get", "mv", f"{MODEL}-v1", "-o", "jsonpath={.spec.provenance.image}"),
        "serving": _image(kubectl, f"mooring.dev/owner-kind=ModelDeployment,mooring.dev/owner={MODEL}"),
    }
    return [
        f"| image `{target}`, as the node keeps it | {sizes[name] / MIB:.0f} MiB |" if name in sizes else ""
        for target, name in used.items()
    ]


def code() -> list[str]:
    """Return the rows about the code."""
    rows = []
    for folder in ("operator/mooring", "cluster"):
        where = REPOSITORY / folder
        rows += [code_size.files(where).row(f"modules of `{folder}`"), code_size.functions(where).row("its functions")]
    return rows


def _answers(kubectl: Kubectl, path: str) -> bool:
    """Return whether the Service answers a prediction; asked through the API server, so that no port is forwarded."""
    try:
        answer = kubectl.run("create", "--raw", path, "-f", str(SAMPLES / "request.json"))
    except DemoFailed:
        return False
    return "outputs" in answer


def _steps(kubectl: Kubectl) -> dict[str, float]:
    pods = json.loads(kubectl.run("get", "pods", "-l", f"mooring.dev/owner={MODEL}", "-o", "json"))["items"]
    ended = [pod["status"]["containerStatuses"][0]["state"].get("terminated", {}) for pod in pods]
    for report in (TrainReport.decode(end.get("message", "")) for end in ended):
        if report is not None:
            return report.seconds
    version = kubectl.read(ModelVersion, f"{MODEL}-v1")
    raise DemoFailed(f"the training pod's report is gone (recorded: {version is not None})")


def _image(kubectl: Kubectl, selector: str) -> str:
    return kubectl.run("get", "pods", "-l", selector, "-o", "jsonpath={.items[0].spec.containers[0].image}")


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the table on stdout; what it does is told on stderr."""
    parser = argparse.ArgumentParser(prog="python -m bench.loop", description=__doc__)
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the table between the marks of this file")
    options = parser.parse_args(arguments)
    kubectl = Kubectl(NAMESPACE)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            place.prepare(kubectl)
            say("measuring; about a minute")
            rows = [*train(kubectl), *serve(kubectl), *images(kubectl), *operator(), *code()]
            kubectl.run("delete", place.OURS, "--all")
            kubectl.run("delete", "namespace", NAMESPACE, "--wait=false")
    except DemoFailed as error:
        print(f"error: {error}", *error.look_at, sep="\n  ", file=sys.stderr)
        return 1
    table = "\n".join(["| | |", "|---|---|", *(row for row in rows if row)])
    print(table)
    if options.fill:
        fill(options.fill, table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
