"""`kubectl mooring drift …` and `kubectl mooring backtest`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import yaml
from pydantic import ValidationError

from mooring.api.config import OperatorConfig
from mooring.api.driftpolicy import DriftPolicySpec
from mooring.cli.actions import add_action, kubectl_of
from mooring.cli.drift.backtest import backtested
from mooring.cli.drift.bundle import Bundle, NoBundleError, read
from mooring.cli.drift.collect import KIND, collect, read_policy
from mooring.cli.drift.view import view
from mooring.cli.kube import KubectlFailed
from mooring.reconcile.driftpolicy.guards import ANNOTATION


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to `kubectl mooring`."""
    parser = commands.add_parser("drift", help="what a DriftPolicy knows, and why it decided so")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    _command(actions, "status", "what is known, and what is asked for", _status)
    saved = _command(actions, "bundle", "write all that a decision is made from into one file", _bundle)
    saved.add_argument("-o", "--output", type=Path, help="absent: to the screen; read it by `mooring drift explain`")
    saved.add_argument("--storm-policies", type=int, default=3, help="as the operator is configured")
    _command(actions, "approve", "approve the request that waits for a person", _approve)
    backtest = _command(commands, "backtest", "replay a policy over the windows that were kept", _backtest)
    backtest.add_argument("-f", "--file", type=Path, help="a DriftPolicy to try in place of the one that is applied")
    backtest.add_argument("--bundle", type=Path, help="windows of a bundle in place of the cluster's")
    backtest.add_argument("--run-seconds", type=float, help="what a run takes; absent: what the last one took")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    what: str,
    command: Callable[[argparse.Namespace], str],
) -> argparse.ArgumentParser:
    def show(arguments: argparse.Namespace) -> int:
        print(command(arguments))
        return 0

    return add_action(commands, name, "DRIFTPOLICY", what, show, NoBundleError, OSError, ValueError)


def _status(arguments: argparse.Namespace) -> str:
    return view(read_policy(kubectl_of(arguments), arguments.name))


def _bundle(arguments: argparse.Namespace) -> str:
    config = OperatorConfig(runtime_image="unused", storm_policies=arguments.storm_policies)
    written = collect(kubectl_of(arguments), arguments.name, config).to_json()
    if arguments.output is None:
        return written.decode()
    arguments.output.write_bytes(written)
    return f"{arguments.output}: {len(written)} bytes; explain it by: mooring drift explain {arguments.output}"


def _approve(arguments: argparse.Namespace) -> str:
    kubectl = kubectl_of(arguments)
    request = read_policy(kubectl, arguments.name).status.request
    if request is None:
        raise KubectlFailed(f"{arguments.name} asks for nothing now")
    value = f"{ANNOTATION}={request.id}"
    kubectl.run("annotate", KIND, arguments.name, "--overwrite", value)
    return f"{value}: {request.reason}"


def _backtest(arguments: argparse.Namespace) -> str:
    bundle = _given(arguments.bundle) if arguments.bundle else collect(kubectl_of(arguments), arguments.name)
    return backtested(bundle, _spec(arguments.file) if arguments.file else None, arguments.run_seconds)


def _given(path: Path) -> Bundle:
    return read(path.read_bytes())


def _spec(path: Path) -> DriftPolicySpec:
    """Return the spec of a manifest; raises ValueError with what is wrong with it."""
    try:
        found = yaml.safe_load(path.read_text())
        if not isinstance(found, dict) or found.get("kind") != "DriftPolicy":
            raise ValueError(f"{path} is no DriftPolicy")
        return DriftPolicySpec.model_validate(found.get("spec"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{path}: spec.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
