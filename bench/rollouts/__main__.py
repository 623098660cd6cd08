"""Rollouts of good and bad versions on the running cluster, under clients who never ask twice: what became of them.

    python -m bench.rollouts [NAME …] [--at-once 4] [--fill docs/figures/rollouts.md]

Needs `make cluster images`. Works in namespaces and with operators of its own, as processes; one in the cluster is
put to rest. Bad versions are ONNX files that are bad by themselves (`tests.support.brought`). Prints a Markdown table;
lost are failures that are not the canary's own doing, and there must be none. About five minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.fill import fill
from bench.rollouts.measure import HEAD, Seen, measure
from bench.rollouts.scenarios import SCENARIOS, VERSIONS, Scenario
from cluster.paths import ADMIN_KUBECONFIG
from tests.e2e.place import (
    Place,
    envoy_image,
    install,
    make_namespace,
    operator_kubeconfig,
    runtime_image,
    serving_image,
)
from tests.support import brought
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

APART = "restart"
"""This one kills its operator."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, and print the table; the status is 0 if each ended as it should, and none was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(names)} (all)")
    parser.add_argument("--at-once", type=int, default=4, help="how many run beside each other")
    parser.add_argument("--fill", type=Path, metavar="FILE", help="also put the table between the marks of this file")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - set(names):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    chosen = [scenario for scenario in SCENARIOS if not given.names or scenario.name in given.names]
    admin = install(str(ADMIN_KUBECONFIG))
    with ThreadPoolExecutor(given.at_once) as pool, places(admin) as (shared, apart):
        runs = [pool.submit(_run, each, apart if each.name == APART else shared) for each in chosen]
        seen = [run.result() for run in runs]
    rows = {each.scenario.name: each.row for each in seen}
    print(_table(rows))
    if given.fill:
        fill(given.fill, _table(_rows(given.fill) | rows))
    return 0 if all(each.is_right for each in seen) else 1


def _table(rows: Mapping[str, str]) -> str:
    ordered = [rows[scenario.name] for scenario in SCENARIOS if scenario.name in rows]
    return "\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *ordered])


def _rows(page: Path) -> dict[str, str]:
    """Return the rows that a page has: those that do not run now stay."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return {each.name: line for each in SCENARIOS for line in lines if f"(`{each.name}`)" in line}


@contextmanager
def places(admin: Kube) -> Iterator[tuple[tuple[Place, OperatorProcess], tuple[Place, OperatorProcess]]]:
    """Two namespaces, each with an operator and the versions."""
    with _place(admin) as shared, _place(admin) as apart:
        yield shared, apart


@contextmanager
def _place(admin: Kube) -> Iterator[tuple[Place, OperatorProcess]]:
    place = make_namespace(admin.kubeconfig, f"rollouts-{uuid.uuid4().hex[:8]}")
    config = {"runtimeImage": runtime_image(), "servingImage": serving_image(), "envoyImage": envoy_image()}
    try:
        for number, differs in enumerate(VERSIONS.values(), start=1):
            brought.record(place, number, brought.model(**differs))
        with OperatorProcess(operator_kubeconfig(admin), [place.namespace], config) as operator:
            yield place, operator
    finally:
        place.kube.delete("Namespace", place.namespace)


def _run(scenario: Scenario, where: tuple[Place, OperatorProcess]) -> Seen:
    print(f"{scenario.name}: begins", file=sys.stderr, flush=True)
    seen = measure(where[0], scenario, where[1])
    print(seen.row, *seen.notes, sep="\n", file=sys.stderr, flush=True)
    return seen


if __name__ == "__main__":
    sys.exit(main())
