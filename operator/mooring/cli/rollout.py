"""`kubectl mooring rollout …`: look at a rollout, and ask something of it by the annotation that asks for it."""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator

from mooring.api.modeldeployment import ModelDeployment
from mooring.cli.actions import FAILED, Command, add_action, kubectl_of
from mooring.cli.kube import Kubectl, KubectlFailed
from mooring.cli.rollout_view import history, is_over, view
from mooring.reconcile.modeldeployment.requests import Verb, annotation

KIND = "modeldeployments.mooring.dev"

Say = Callable[[ModelDeployment, str | None], str]
"""Returns what an annotation has to say; raises KubectlFailed where there is nothing to act on."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `kubectl mooring`."""
    parser = commands.add_parser("rollout", help="look at a rollout, promote, abort, retry or roll back")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    status = _action(actions, "status", "where it stands; ends with 1 where it was taken back", _status)
    status.add_argument("-w", "--watch", action="store_true", help="go on until nothing is on its way any more")
    _action(actions, "history", "the rollouts that ended", _history)
    _action(actions, "promote", "let the canary pass the step that it is at", _ask("promote", _promote))
    _action(actions, "abort", "withdraw the canary", _ask("abort", _abort))
    _action(actions, "rollback", "withdraw what serves, and return to what served before", _ask("rollback", _rollback))
    retry = _action(actions, "retry", "try a withdrawn version again", _ask("retry", _retry))
    retry.add_argument("version", nargs="?", help="absent: the one that was withdrawn last")


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, what: str, command: Command
) -> argparse.ArgumentParser:
    return add_action(actions, name, "MODELDEPLOYMENT", what, command)


def _status(arguments: argparse.Namespace) -> int:
    kubectl, shown, forecast = kubectl_of(arguments), "", None
    for deployment in _seen(kubectl, arguments.name, watch=arguments.watch):
        if (text := view(deployment)) != shown:
            news = deployment.status.forecast != forecast
            at = f"\n{time.strftime('%H:%M:%S')} " if shown else ""
            print(f"{at}{view(deployment, forecast=news)}", flush=True)
            shown, forecast = text, deployment.status.forecast
        if is_over(deployment):
            phase = deployment.status.rollout.phase if deployment.status.rollout is not None else ""
            return FAILED if phase == "RolledBack" else 0
    return 0


def _history(arguments: argparse.Namespace) -> int:
    print(history(_read(kubectl_of(arguments), arguments.name)))
    return 0


def _ask(verb: Verb, say: Say) -> Command:
    """Return the command that sets the annotation of a verb, and nothing more."""

    def run(arguments: argparse.Namespace) -> int:
        kubectl = kubectl_of(arguments)
        deployment = _read(kubectl, arguments.name)
        value = say(deployment, getattr(arguments, "version", None))
        if deployment.metadata.annotations.get(annotation(verb)) == value:  # said before: the same word acts once
            value = f"{value}/{secrets.token_hex(3)}"
        kubectl.run("annotate", KIND, arguments.name, "--overwrite", f"{annotation(verb)}={value}")
        print(f"{annotation(verb)}={value}")
        return 0

    return run


def _promote(deployment: ModelDeployment, version: str | None) -> str:
    progress = deployment.status.rollout
    if progress is None or progress.step is None:
        raise KubectlFailed(f"{deployment.metadata.name} is at no step that could be passed")
    return f"{_canary(deployment)}/{progress.step}"


def _abort(deployment: ModelDeployment, version: str | None) -> str:
    return _canary(deployment)


def _rollback(deployment: ModelDeployment, version: str | None) -> str:
    if deployment.status.stable is None:
        raise KubectlFailed(f"{deployment.metadata.name} serves nothing yet")
    return deployment.status.stable.version


def _retry(deployment: ModelDeployment, version: str | None) -> str:
    withdrawn = [entry.version for entry in deployment.status.withdrawn]
    wanted = version or next(iter(withdrawn), None)
    if wanted is None or wanted not in withdrawn:
        names = ", ".join(dict.fromkeys(withdrawn)) or "none"
        raise KubectlFailed(f"withdrawn in {deployment.metadata.name}: {names}")
    return f"{wanted}/{secrets.token_hex(3)}"


def _canary(deployment: ModelDeployment) -> str:
    if deployment.status.canary is None:
        raise KubectlFailed(f"nothing is rolled out in {deployment.metadata.name}")
    return deployment.status.canary.version


def _read(kubectl: Kubectl, name: str) -> ModelDeployment:
    return ModelDeployment.model_validate(kubectl.read(KIND, name))


def _seen(kubectl: Kubectl, name: str, *, watch: bool) -> Iterator[ModelDeployment]:
    """Yield the resource, and with `watch` again at every change."""
    if not watch:
        yield _read(kubectl, name)
        return
    command = kubectl.command("get", KIND, name, "-o", "json", "--watch")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield from map(ModelDeployment.model_validate, documents(process.stdout or ()))
        finally:
            process.terminate()


def documents(lines: Iterable[str]) -> Iterator[object]:
    """Yield JSON documents that follow each other in a stream, each begun and ended by a line of its own."""
    text = ""
    for line in lines:
        text += line
        if line.rstrip() == "}":
            yield json.loads(text)
            text = ""
