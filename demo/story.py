"""The demonstration from beginning to end."""

from __future__ import annotations

import json
import shutil
import time

from cluster.paths import REPOSITORY
from demo import ask, closing, loop, place, under_load
from demo.errors import DemoFailed
from demo.follow import follow
from demo.forward import Forward
from demo.kubectl import Kubectl, in_repository, kubeconfig, program
from demo.say import chapter, command, elapsed, output, say
from demo.serve import news as told
from demo.serve import pods, read, serve, stale, until_serving
from demo.train import show, train
from mooring.api.modelversion import ModelVersion

NAMESPACE = "mooring-demo"
MODEL = "income"
SAMPLES = REPOSITORY / "samples" / "census"
SERVING = SAMPLES / "modeldeployment.yaml"
YEARS = (2016, 2017, 2018)
ASKED = 1000
DRAINED_SECONDS = 120.0
PAUSE_SECONDS = 4.0


def tell() -> None:
    """Tell it all; raises DemoFailed at the first step that does not work."""
    kubectl = Kubectl(NAMESPACE)
    chapter("The data")
    place.prepare(kubectl)
    closing.begin(kubectl)
    chapter("A first training: kubectl apply, and wait")
    first = train(kubectl, MODEL, SAMPLES / "trainingjob.yaml")
    show(kubectl, first)
    chapter("Serving")
    serve(kubectl, MODEL, SERVING)
    _ask(kubectl, first)
    with closing.watched(kubectl) as (stream, watched):
        made = closing.change(kubectl, stream, watched)
        chapter("A better recipe takes over, under load, and is taken back")
        _replace(kubectl, first)
        closing.close(kubectl, made)
    _farewell()


def _ask(kubectl: Kubectl, version: ModelVersion) -> None:
    chapter("Predictions")
    say("from this machine through a port-forward; pods of the cluster ask http://income.mooring-demo.svc")
    with Forward(kubectl, MODEL, 80) as forward:
        address = forward.address
        command(f"kubectl -n {NAMESPACE} port-forward svc/{MODEL} {address.partition(':')[2]}:80 &")
        say("two people of 2018, by curl: one of 45 years, one of 77")
        answer = ask.curl(address, MODEL)
        ask.check_predictions(answer, version.metadata.name)
        say(f"{ASKED:,} people of each later year, by another project's client (tritonclient):")
        for year in YEARS:
            command(f".venv/bin/python -m demo.ask {address} {MODEL} {year}")
            found = ask.score(address, MODEL, year, ASKED)
            output(f"{found.version} was right for {found.right / found.rows:.1%} of {found.rows:,} people of {year}")
        chapter("Mistakes are answered")
        say("a column that the model does not have:")
        ask.check_refused(ask.curl(address, MODEL, edit="s/AGEP/AGE/", headers=True), "AGEP")
        say("a category that training never saw:")
        ask.check_refused(ask.curl(address, MODEL, edit='/SCHL/s/"21"/"PhD"/', headers=True), "SCHL")


def _replace(kubectl: Kubectl, first: ModelVersion) -> None:
    old = first.metadata.name
    say(f"a pod begins to ask {MODEL}.{NAMESPACE}.svc {under_load.RATE} times a second; it never repeats a request")
    assert first.spec.provenance is not None  # noqa: S101 (it was trained)
    with under_load.load(kubectl, MODEL, first.spec.provenance.image):
        say("the recipe is edited: another estimator, the same data and gates")
        second = train(kubectl, MODEL, SAMPLES / "trainingjob-2.yaml")
        show(kubectl, second)
        new = second.metadata.name
        until_serving(kubectl, MODEL, new)
        time.sleep(PAUSE_SECONDS)  # a moment in which the new version alone answers
        _roll_back(kubectl, old, new)
        report = under_load.end(kubectl)
    under_load.show(report)
    missing = {old, new} - set(report.versions)
    if missing:
        raise DemoFailed(f"no request was answered by {' and '.join(missing)}")
    kubectl.show("get", "modelversions.mooring.dev")


def _roll_back(kubectl: Kubectl, old: str, new: str) -> None:
    chapter("The way back: the old version is pinned, and still runs")
    before = pods(kubectl, old)
    began = elapsed()
    pin = json.dumps({"spec": {"version": old}})
    kubectl.show("patch", "-f", in_repository(SERVING), "--type=merge", "-p", pin)
    until_serving(kubectl, MODEL, old)
    say(f"{old} serves again, {elapsed() - began:.1f} s after it was pinned")
    if before and before == pods(kubectl, old):
        say(f"its pods were not restarted: {', '.join(sorted(pod.partition(' ')[0] for pod in before))}")
    else:
        raise DemoFailed(
            f"the pods of {old} are not those that ran before: {sorted(before)} and {sorted(pods(kubectl, old))}"
        )
    follow(
        f"{new} is gone",
        lambda: (read(kubectl, MODEL), pods(kubectl, new)),
        tell=lambda seen: "" if seen[0].status.draining else told(seen[0]),
        done=lambda seen: not stale(seen[0]) and not seen[0].status.draining and not seen[1],
        seconds=DRAINED_SECONDS,
    )
    say(f"the last pod of {new} has ended, after it had answered what had reached it")


def _farewell() -> None:
    chapter(f"Done in {elapsed():.0f} s. To go on")
    lines = [f"export KUBECONFIG={kubeconfig()}"]
    if not shutil.which("kubectl"):
        lines.append(f"alias kubectl={program()}")
    lines.append(f"alias k='kubectl -n {NAMESPACE}'")
    follow_again = '[{"op": "remove", "path": "/spec/version"}]'
    explained = {
        "k get mooring": "everything, in a few columns",
        f"k describe mdep {MODEL}": "conditions, history, events",
        f"k patch mdep {MODEL} --type=json -p '{follow_again}'": "follow again",
        f"k annotate tj {MODEL} mooring.dev/run=friday": "run again: nothing has changed",
        f"k edit tj {MODEL}": "change the recipe: a run starts",
        f"k scale mdep {MODEL} --replicas=3": "",
        f"k describe dp {loop.MODEL}": "the policy: evidence, what it asked for",
        f"k port-forward svc/{MODEL} 8080:80 &": "",
        f"curl -s http://127.0.0.1:8080/v2/models/{MODEL}": "what the model takes and gives",
        "make clean": "stop the cluster and all that was started",
    }
    lines += [f"{line:<50}  # {what}" if what else line for line, what in explained.items()]
    for line in lines:
        command(line)
