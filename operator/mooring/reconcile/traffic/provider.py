"""The one interface of the ways to divide traffic, and what is common to what they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.plan import LABEL_PART, Apply, Delete, Object
from mooring.reconcile.traffic.split import ProviderName, Split


@dataclass(frozen=True)
class Abilities:
    """What a way of dividing traffic can do."""

    can_shadow: bool
    """Ask the canary as well, and let nobody hear it."""
    can_stick: bool
    """Keep a caller on the arm that it got."""
    can_count: bool
    """Say how many requests each arm got, and how many of them no pod answered."""


class Provider(Protocol):
    """A way to divide traffic. Rendering is pure; what is in force is read elsewhere and compared with a split."""

    @property
    def name(self) -> ProviderName:
        """What a ModelDeployment calls it."""

    @property
    def abilities(self) -> Abilities:
        """What it can do."""

    def objects(self, deployment: ModelDeployment, split: Split) -> tuple[Apply, ...]:
        """Return what should exist for this split, in the order in which it should be written."""

    def selector(self, deployment: ModelDeployment, split: Split) -> Mapping[str, str]:
        """Return the labels of the pods that the users' Service leads to."""


PART_KINDS = ("Deployment", "ConfigMap", "PodDisruptionBudget", "NetworkPolicy", "ControllerRevision", "HTTPRoute")
"""The kinds of objects that providers make."""


def is_part(obj: Object) -> bool:
    """Tell whether an object belongs to a provider, and not to a version."""
    return LABEL_PART in (obj["metadata"].get("labels") or {})


def stale(live: Iterable[Object], wanted: Iterable[Apply]) -> tuple[Delete, ...]:
    """Return the deletion of every provider's object that is not wanted: of the way that was left, and old templates.

    `live` may hold any children; only providers' are looked at.
    """
    kept = {(apply.manifest["kind"], apply.manifest["metadata"]["name"]) for apply in wanted}
    return tuple(
        Delete(item["kind"], item["metadata"]["namespace"], item["metadata"]["name"], item["metadata"]["uid"])
        for item in live
        if is_part(item)
        and (item["kind"], item["metadata"]["name"]) not in kept
        and not item["metadata"].get("deletionTimestamp")
    )
