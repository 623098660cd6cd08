"""A world for plans: a store of objects that carries out writes as an API server would, and nothing by itself.

Plans are pure, so this is not an imitation of a cluster to test the operator against (that is done on a real one): it
holds what a plan is told and keeps what it decided.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from mooring.api.config import OperatorConfig
from mooring.control.keys import named_by
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.observed import Observed
from mooring.reconcile.plan import (
    API_VERSIONS,
    LABEL_OWNER,
    LABEL_OWNER_KIND,
    Delete,
    Key,
    Mint,
    Patch,
    Plan,
    Write,
)
from mooring.reconcile.planners import PLANNERS

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CONFIG = OperatorConfig(
    runtime_image="mooring-runtime:1",
    default_output={"uri": "s3://models", "secretName": "object-store"},  # type: ignore[arg-type]  # as read from YAML
)


def merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)


class World:
    """Objects by (kind, namespace, name), a clock, and a count of writes."""

    def __init__(self, config: OperatorConfig = CONFIG) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.now = START
        self.config = config
        self.writes: list[str] = []
        self.serial = 0
        self.brought: dict[Key, Observed] = {}
        self.evidence: dict[Key, DriftSeen] = {}

    # The Cache of plans.
    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        return self.objects.get((kind, namespace, name))

    def all(self, kind: str, namespace: str) -> Iterable[dict[str, Any]]:
        return [item for (k, n, _), item in sorted(self.objects.items()) if (k, n) == (kind, namespace)]

    def every(self, kind: str) -> Iterable[dict[str, Any]]:
        return [item for (k, _, _), item in sorted(self.objects.items()) if k == kind]

    def policies_of(self, kind: str, namespace: str, name: str) -> Iterable[str]:
        found = (item for item in self.all("DriftPolicy", namespace) if (kind, name) in named_by("DriftPolicy", item))
        return [item["metadata"]["name"] for item in found]

    def children(self, kind: str, owner: Key) -> Iterable[dict[str, Any]]:
        wanted = {LABEL_OWNER_KIND: owner.kind, LABEL_OWNER: owner.name}
        return [
            item
            for item in self.all(kind, owner.namespace)
            if wanted.items() <= item["metadata"].get("labels", {}).items()
        ]

    def observed(self, key: Key) -> Observed | None:
        return self.brought.get(key)

    def drift(self, key: Key) -> DriftSeen | None:
        return self.evidence.get(key)

    # What happens.
    def put(self, kind: str, name: str, **body: Any) -> dict[str, Any]:
        """Create or change an object as a user (or a controller) would; a changed spec is a new generation."""
        key = (kind, "default", name)
        before = self.objects.get(key)
        self.serial += 1
        item: dict[str, Any] = copy.deepcopy(before) if before else self._fresh(kind, name)
        merge(item, {k: v for k, v in body.items() if k != "spec"})
        if "spec" in body:
            item["spec"] = copy.deepcopy(body["spec"])
        if before is None or before.get("spec") != item.get("spec"):
            item["metadata"]["generation"] = item["metadata"].get("generation", 0) + 1
        self.objects[key] = item
        return item

    def _fresh(self, kind: str, name: str) -> dict[str, Any]:
        metadata = {
            "name": name,
            "namespace": "default",
            "uid": f"uid-{self.serial}",
            "creationTimestamp": self.stamp(),
            "generation": 0,
        }
        return {"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": metadata}

    def stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def drop(self, kind: str, name: str) -> None:
        self.objects.pop((kind, "default", name), None)

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # Carrying out plans.
    def plan(self, kind: str, name: str) -> Plan | None:
        planner = next(item for item in PLANNERS if item.kind == kind)
        return planner.plan(Key(kind, "default", name), self, self.config, self.now)

    def reconcile(self, kind: str, name: str, *, stop_after: int | None = None) -> Plan | None:
        """Plan once and carry it out; `stop_after` dies after so many writes."""
        plan = self.plan(kind, name)
        if plan is None:
            return None
        left = stop_after if stop_after is not None else 1_000
        for write in plan.writes:
            if self._differs(write):
                if left == 0:
                    return plan
                left -= 1
                self._write(write)
        own = self.objects[(kind, "default", name)]
        if plan.status is not None and plan.status != own.get("status") and left > 0:
            own["status"] = copy.deepcopy(dict(plan.status))
            self.writes.append(f"status {kind} {name}")
        return plan

    def settle(self, kind: str, name: str, limit: int = 20) -> Plan | None:
        """Reconcile until a pass writes nothing."""
        for _ in range(limit):
            before = len(self.writes)
            plan = self.reconcile(kind, name)
            if len(self.writes) == before:
                return plan
        raise AssertionError(f"not settled after {limit} passes: {self.writes[-6:]}")

    def _differs(self, write: Write) -> bool:
        if isinstance(write, Delete):
            return (write.kind, write.namespace, write.name) in self.objects
        if isinstance(write, Patch):
            live = self.objects.get((write.kind, write.namespace, write.name))
            return live is not None and not _subset(write.body, live)
        manifest = write.manifest
        if isinstance(write, Mint):
            return ("Secret", "default", manifest["metadata"]["name"]) not in self.objects
        live = self.objects.get((manifest["kind"], "default", manifest["metadata"]["name"]))
        return live is None or (not write.once and not _subset(manifest, live))

    def _write(self, write: Write) -> None:
        if isinstance(write, Delete):
            self.writes.append(f"delete {write.kind} {write.name}")
            self.drop(write.kind, write.name)
        elif isinstance(write, Patch):
            self.writes.append(f"patch {write.kind} {write.name}")
            merge(self.objects[(write.kind, write.namespace, write.name)], dict(write.body))
        else:
            kind, name = write.manifest["kind"], write.manifest["metadata"]["name"]
            self.writes.append(f"apply {kind} {name}")
            self.put(kind, name, **{k: v for k, v in write.manifest.items() if k not in {"apiVersion", "kind"}})


def _subset(part: Any, whole: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(k in whole and _subset(v, whole[k]) for k, v in part.items())
    return bool(part == whole)
