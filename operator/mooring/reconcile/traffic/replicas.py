"""Dividing by numbers of pods, where nothing routes: asked for only, and said to be approximate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mooring.api.modeldeployment import ModelDeployment
from mooring.reconcile.plan import LABEL_ARM, LABEL_OWNER, LABEL_OWNER_KIND, Apply
from mooring.reconcile.traffic.provider import Abilities
from mooring.reconcile.traffic.split import ProviderName, Split

_ALL = 100


@dataclass(frozen=True)
class Sizes:
    """How many pods each arm has, for a weight that was asked for."""

    stable: int
    canary: int
    weight: int

    @property
    def percent(self) -> float:
        """The canary's share of pods: of the requests too, where connections are short and many."""
        total = self.stable + self.canary
        return 100 * self.canary / total if total else 0.0

    @property
    def error(self) -> float:
        """How far the share is from the weight, in points."""
        return abs(self.percent - self.weight)


def sizes(replicas: int, weight: int, surge: int) -> Sizes:
    """Return the numbers of pods that come nearest to a weight, with `replicas` to `replicas + surge` in all.

    Each arm has one pod at least while both are to be asked; of equally near ones the fewest canary pods, then the
    fewest in all. One replica without surge cannot be divided: it stays with the stable.
    """
    if weight in {0, _ALL}:
        return Sizes(0, replicas, weight) if weight else Sizes(replicas, 0, weight)
    choices = [
        Sizes(total - canary, canary, weight)
        for total in range(replicas, replicas + surge + 1)
        for canary in range(1, total)
    ]
    # In whole numbers: two equally near ones must not be told apart by a rounding.
    return min(choices, key=_nearest_first, default=Sizes(replicas, 0, weight))


def _nearest_first(choice: Sizes) -> tuple[float, int, int]:
    total = choice.stable + choice.canary
    return round(abs(_ALL * choice.canary - choice.weight * total) / total, 9), choice.canary, total


class Replicas:
    """A Service over the pods of both arms: each pod gets its share, in the measure that connections are many."""

    @property
    def name(self) -> ProviderName:
        """What a ModelDeployment calls it."""
        return "Replicas"

    @property
    def abilities(self) -> Abilities:
        """None: nobody stands between the callers and the pods."""
        return Abilities(can_shadow=False, can_stick=False, can_count=False)

    def objects(self, deployment: ModelDeployment, split: Split) -> tuple[Apply, ...]:
        """Return nothing: the sizes of the child Deployments say it all."""
        return ()

    def selector(self, deployment: ModelDeployment, split: Split) -> Mapping[str, str]:
        """Return the labels of one arm's pods, or of both.

        Those of both are of every arm that runs: so until idle ones are gone, only the stable is asked.
        """
        shares = split.shares
        if len(shares) == 1 or split.idle:
            return {LABEL_ARM: next(iter(shares)) if len(shares) == 1 else split.stable}
        return {LABEL_OWNER_KIND: "ModelDeployment", LABEL_OWNER: deployment.metadata.name}
