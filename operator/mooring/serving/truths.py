"""Truths, joined with what was predicted: which outcome it was, whether it was told before, and where it is counted."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping

from mooring.ledger.book import Ledger
from mooring.ledger.interval import Join
from mooring.ledger.layout import LOSS_EDGES
from mooring.serving.backends import Scalar
from mooring.serving.errors import shown
from mooring.serving.ids import Prediction

MINUTES_A_DAY = 1440
REMEMBERED = 32_768
"""Ids of a generation; one or two generations are remembered: 13 MiB for ids of one row, 24 for the longest."""


class CannotCount(ValueError):
    """A truth that is no outcome of its prediction, or has no room; the message says why."""

    again = False
    """Whether it can be counted some seconds later."""


class Outcomes:
    """Says which outcome a truth is."""

    def __init__(self, codes: Mapping[Scalar, int]) -> None:
        self._codes = codes

    def of(self, prediction: Prediction, truth: object) -> int:
        """Return the true class's index, or the bin of a regression's loss; raises CannotCount."""
        if not math.isnan(prediction.value):
            return self._loss(prediction, truth)
        if isinstance(truth, bool | int | float | str):
            code = self._codes.get(truth)  # true is 1, and 1.0 is 1, as JSON's writers have it
            if code is not None:
                return code
        names = list(self._codes)
        known = ", ".join(map(shown, names[:20])) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        raise CannotCount(f"truth is {shown(truth)}; expected one of {known}")

    def _loss(self, prediction: Prediction, truth: object) -> int:
        if isinstance(truth, bool) or not isinstance(truth, int | float) or not abs(truth) <= 1e300:
            raise CannotCount(f"truth is {shown(truth)}; expected a number")
        return bisect_left(LOSS_EDGES, abs(prediction.value - truth) / prediction.scale)


class Seen:
    """Which rows of which ids have their truth: rows are bits, so that an id of many rows costs as much as one of one.

    Bounded: a generation of ids is forgotten when the one after it is full.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._young: dict[int, int] = {}
        self._old: dict[int, int] = {}

    def has(self, key: tuple[int, int]) -> bool:
        """Return whether the truth of this row was told."""
        signature, row = key
        return bool((self._young.get(signature, 0) | self._old.get(signature, 0)) >> row & 1)

    def add(self, key: tuple[int, int]) -> None:
        """Remember that it was."""
        signature, row = key
        if signature not in self._young and len(self._young) >= self._remembered:
            self._young, self._old = {}, self._young
        self._young[signature] = self._young.get(signature, 0) | 1 << row


class Truths:
    """Counts truths of one model in the ledger, each once."""

    def __init__(self, ledger: Ledger, outcomes: Outcomes, seen: Seen | None = None) -> None:
        self.ledger = ledger
        self._outcomes = outcomes
        self._seen = seen or Seen()

    def tell(self, prediction: Prediction, truth: object) -> str:
        """Count a truth, and return `accepted`, or `duplicate` if it was told before; raises CannotCount."""
        outcome = self._outcomes.of(prediction, truth)
        if self._seen.has(prediction.key):
            self.ledger.feedback(prediction.role, "duplicate")
            return "duplicate"
        day = prediction.minute // MINUTES_A_DAY
        if not self.ledger.join(Join(prediction.version, prediction.role, day, prediction.stratum, outcome)):
            problem = CannotCount("too many different truths in these few seconds: tell it again later")
            problem.again = True
            raise problem
        self._seen.add(prediction.key)
        self.ledger.feedback(prediction.role, "accepted")
        return "accepted"
