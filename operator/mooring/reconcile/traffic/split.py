"""Who gets which share of the requests: the one thing that every provider of traffic is asked for."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

ProviderName = Literal["Gateway", "Envoy", "Replicas"]

_HEADER = re.compile(r"[a-z0-9][-a-z0-9_]*")
_SALT = re.compile(r"[0-9a-z]*")


@dataclass(frozen=True)
class Split:
    """A share of the requests for each arm; an arm is the name of a child Deployment and of its headless Service.

    Raises ValueError where the parts contradict each other: that is a bug of the planner, not of a user.
    """

    stable: str
    """Who answers what nobody else does."""
    canary: str | None = None
    weight: int = 0
    """Percent of the requests that the canary answers; 0 and 100 are exact."""
    shadow_percent: int = 0
    """Percent of the predictions that the canary is asked as well, without answering. Only while its weight is 0."""
    sticky: str | None = None
    """A header whose value decides for good: who got the canary once keeps it while the weight rises."""
    salt: str = ""
    """Fresh for each rollout, so that it is not always the same callers who try what is new."""
    idle: tuple[str, ...] = ()
    """Arms that run and get nothing. Naming them means that giving them requests, or no more, costs no answer."""

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 100 or not 0 <= self.shadow_percent <= 100:
            raise ValueError(f"percents are 0 to 100, not {self.weight} and {self.shadow_percent}")
        if self.canary is None and (self.weight or self.shadow_percent):
            raise ValueError("a share without a canary")
        if self.weight and self.shadow_percent:
            raise ValueError("a canary either answers or is shadowed: its own answers must not be compared with itself")
        if len(set(self.arms)) < len(self.arms):
            raise ValueError(f"an arm is named twice: {', '.join(self.arms)}")
        if self.sticky is not None and not _HEADER.fullmatch(self.sticky):
            raise ValueError(f"{self.sticky} is no name of a header in lower case")
        if not _SALT.fullmatch(self.salt):
            raise ValueError("a salt is digits and small letters")

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that the data plane should know."""
        return (self.stable, *((self.canary,) if self.canary else ()), *self.idle)

    @property
    def shares(self) -> dict[str, int]:
        """Percent by arm, of those that get any. The canary comes first: a share grows at one end only."""
        given = {self.canary: self.weight} if self.canary else {}
        given[self.stable] = 100 - self.weight
        return {arm: share for arm, share in given.items() if share}

    def among(self, known: Collection[str]) -> Split:
        """Return what may be asked of a data plane that knows these arms: to others it is introduced first.

        An arm must have been looked up before it is given requests. So a new canary begins at weight 0, and a stable
        that is not known yet leaves things as they are only where the caller keeps the old split until then.
        """
        if self.canary is None or self.canary in known:
            return self
        return replace(self, weight=0, shadow_percent=0)
