"""What is called drift, and how often that may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final, Literal

DAY_SECONDS: Final = 86_400

MOST_MATURE_DAYS: Final = 100
"""Days that wait for their truth are kept, so not without end."""

TierName = Literal["inputs", "predictions", "estimated", "harm"]
SHARES: Final[dict[TierName, float]] = {"harm": 0.5, "inputs": 0.25, "predictions": 0.125, "estimated": 0.125}
"""Of the budget of false alarms, and of the doubt about the reference."""
DOUBT: Final = 0.05
"""The chance that the promise fails because the reference, a finite sample, is unlike what it was drawn from."""
SEGMENT_ROWS: Final = 200
"""Of a segment's window, or as many as a window of all rows has where that is fewer."""


@dataclass(frozen=True)
class Settings:
    """All shares are of 1."""

    min_rows: int = 2000
    min_seconds: int = 3600
    """A window closes when it has both."""
    per_days: int = 90
    """At most one false alarm in so many days on average, over all tiers."""
    missing: float = 0.02
    """So much more than in the reference is no broken data. Of the rows."""
    unseen: float = 0.01
    out_of_range: float = 0.01
    wrong_type: float = 0.01
    """Of the rows asked for: refused for a value that is none of the column's type."""
    inputs_effect: float = 0.05
    """Distances smaller than this are not drift, however significant."""
    predictions_effect: float = 0.05
    tolerance: float = 0.02
    """A loss greater by this much than in the reference, in the metric's own unit, is not harm."""
    mature_after_seconds: int = DAY_SECONDS
    """After the end of a day its predictions have the ground truth that they will have. 0: truths come within seconds,
    and count as they come, window by window."""
    min_coverage: float = 0.8
    """A day counts when so much of the usual share of its predictions has a truth."""
    share: float = 1.0
    """Of the budget and of the doubt about the reference: those who watch one service together share them."""

    def __post_init__(self) -> None:
        """Refuse what is no share and no time."""
        shares = ("missing", "unseen", "out_of_range", "wrong_type", "inputs_effect", "predictions_effect", "tolerance")
        for name in shares:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is a share from 0 and below 1, not {getattr(self, name)}")
        for name in ("min_rows", "min_seconds", "per_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        if not 0 <= self.mature_after_seconds <= MOST_MATURE_DAYS * DAY_SECONDS:
            raise ValueError(f"mature_after_seconds is from 0 to {MOST_MATURE_DAYS} days")
        if not 0 < self.min_coverage <= 1:
            raise ValueError(f"min_coverage is a share above 0 and up to 1, not {self.min_coverage}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share is above 0 and up to 1, not {self.share}")

    @property
    def as_they_come(self) -> bool:
        """Whether truths count for the window in which they come, and not for the day of their prediction."""
        return self.mature_after_seconds == 0

    @property
    def harm_days(self) -> int:
        """How many days of ground truth make at least one step of evidence; as they come, how many windows."""
        return 1 if self.as_they_come else -(-self.min_seconds // DAY_SECONDS)

    def alarm_at(self, tier: TierName) -> float:
        """Return the evidence at which a tier alarms: its steps in `per_days`, over its share of the budget.

        A step takes `min_seconds` at least: a window. One of harm takes whole days, unless truths count as they come.
        """
        return self.steps(tier) / (SHARES[tier] * self.share)

    def surprise(self, tier: TierName, claims: int = 1) -> float:
        """Return the log of one over the chance that the reference misleads about one of so many claims of a tier."""
        return log(max(1, claims) / (DOUBT * SHARES[tier] * self.share))

    @property
    def segment_rows(self) -> int:
        """How many rows a segment's window has at least."""
        return min(SEGMENT_ROWS, self.min_rows)

    def steps(self, tier: TierName) -> float:
        """Return the most steps that a tier takes in `per_days`, and never less than one."""
        by_days = tier == "harm" and not self.as_they_come
        return max(1.0, self.per_days * DAY_SECONDS / (self.harm_days * DAY_SECONDS if by_days else self.min_seconds))
