"""Truths joined with what was predicted: how they are kept until they count, and what they say by bin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from mooring.stats.drift.losses import ZERO_ONE, Costs
from mooring.stats.drift.reference import Predictions

MOST_CELLS: Final = 16_000
"""Pairs of stratum and outcome over all days that may wait. More, and only bin and loss are kept of a truth."""

Told = tuple[tuple[int, int], ...]
"""(code, truths), ascending: what is not there is 0."""


class Truth(NamedTuple):
    """Ground truth that came for predictions of one day with one answer, whenever it came: a join of the ledger."""

    day: int
    """Of the prediction, days since 1970 UTC."""
    stratum: int
    """bin * classes + the index of its label."""
    outcome: int
    """The true class's index; of a regression the bin of its loss (`Predictions.loss_edges`)."""
    rows: int


@dataclass(frozen=True)
class Sample:
    """Predictions by bin, and what is known of them."""

    predicted: tuple[int, ...]
    labelled: tuple[int, ...]
    came: tuple[int, ...]
    """Of the labelled, those by which that came which the loss is about (`Predictions.came`)."""
    costs: tuple[Costs, ...] = ()
    """Of each bin (`losses`); none: 0 and 1."""

    @property
    def lost(self) -> tuple[float, ...]:
        """The sum of losses in each bin."""
        return tuple(
            costs[0] * (rows - came) + costs[1] * came
            for rows, came, costs in zip(self.labelled, self.came, self._costs, strict=True)
        )

    def losses(self, weights: Iterable[float]) -> Iterator[tuple[float, int]]:
        """Yield (weight of the bin * loss, truths)."""
        for weight, rows, came, costs in zip(weights, self.labelled, self.came, self._costs, strict=True):
            yield weight * costs[0], rows - came
            yield weight * costs[1], came

    @property
    def _costs(self) -> tuple[Costs, ...]:
        return self.costs or (ZERO_ONE,) * len(self.labelled)


@dataclass(frozen=True)
class Codes:
    """Truths as whole numbers: exact ones hold stratum and outcome, others bin and loss alone."""

    answers: Predictions
    exact: bool = True

    @classmethod
    def of(cls, answers: Predictions, days: int, most: int = MOST_CELLS) -> Codes:
        """Return the codes for so many days that may wait at once, where there is room for so many pairs."""
        return cls(answers, answers.bins * answers.classes * answers.outcomes * days <= most)

    def plus(self, told: Told, truths: Iterable[Truth]) -> Told:
        """Return what was told with more; raises ValueError for a truth of another version."""
        found = Counter(dict(told))
        for truth in truths:
            if truth.rows:
                found[self._code(truth)] += truth.rows
        return tuple(sorted(found.items()))

    def sample(self, predicted: tuple[int, ...], told: Told) -> Sample:
        """Return the truths by bin."""
        labelled, came = [0] * self.answers.bins, [0] * self.answers.bins
        for code, count in told:
            at, did = self._read(code)
            labelled[at] += count
            came[at] += count * did
        return Sample(predicted, tuple(labelled), tuple(came), self.answers.costs)

    def joins(self, told: Told) -> list[tuple[int, int, int]] | None:
        """Return (stratum, outcome, truths); None: they were not kept."""
        return [(*divmod(code, self.answers.outcomes), count) for code, count in told] if self.exact else None

    def _code(self, truth: Truth) -> int:
        answers = self.answers
        strata = answers.bins * answers.classes
        if not 0 <= truth.stratum < strata or not 0 <= truth.outcome < answers.outcomes or truth.rows < 0:
            raise ValueError(
                f"{truth} is not of this version, which has {strata} strata and {answers.outcomes} outcomes"
            )
        if self.exact:
            return truth.stratum * answers.outcomes + truth.outcome
        return 2 * (truth.stratum // answers.classes) + answers.came(truth.stratum, truth.outcome)

    def _read(self, code: int) -> tuple[int, bool]:
        """Return the bin, and whether that came which the loss is about."""
        if not self.exact:
            return code // 2, bool(code % 2)
        stratum, outcome = divmod(code, self.answers.outcomes)
        return stratum // self.answers.classes, self.answers.came(stratum, outcome)


def plus(left: Told, right: Told) -> Told:
    """Return both together."""
    return tuple(sorted((Counter(dict(left)) + Counter(dict(right))).items()))
