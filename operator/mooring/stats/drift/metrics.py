"""Metrics by ground truth, for people: what is reported is no evidence, which comes from bounded losses alone.

They are made of joins of stratum and outcome, each weighted by its bin so that the labelled stand for all. A name that
ends in `_binned` says that the score (or the loss) is known by its bin only, and stands at the bin's middle; the first
and the last bin of a probability end at 0 and 1. Partial truths and ones told twice change weights and rows alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import log
from typing import Final, NamedTuple

from mooring.stats.drift.losses import middles_of
from mooring.stats.drift.reference import Predictions

TINY: Final = 2.0**-52
"""A probability of 0 that came true counts as this, as at training."""


class Metric(NamedTuple):
    """One metric of some truths."""

    name: str
    value: float
    rows: int
    """Truths."""


class _Row(NamedTuple):
    """Truths that are alike."""

    bin: int
    label: int
    outcome: int
    lost: bool
    weight: float


def metrics(
    answers: Predictions, joins: Sequence[tuple[int, int, int]], weights: Sequence[float]
) -> tuple[Metric, ...]:
    """Return the metrics that (stratum, outcome, truths) allow: definitions are those at training.

    `weights`: of a row in each bin. Classification: accuracy; f1 (of the positive class; of more than two the mean over
    those that occur); of two classes with a known positive one roc_auc_binned, log_loss_binned and brier_binned.
    Regression: mae_binned, in the target's unit, where losses beyond the last edge count as that edge.
    """
    truths = sum(count for _, _, count in joins)
    rows = [_row(answers, weights, join) for join in joins]
    if not sum(row.weight for row in rows):
        return ()
    found = _regression(answers, rows) if answers.loss_edges else _classification(answers, rows)
    return tuple(Metric(name, value, truths) for name, value in found if value is not None)


def _row(answers: Predictions, weights: Sequence[float], join: tuple[int, int, int]) -> _Row:
    stratum, outcome, count = join
    at, label = divmod(stratum, answers.classes)
    return _Row(at, label, outcome, answers.lost(stratum, outcome), weights[at] * count)


def _classification(answers: Predictions, rows: list[_Row]) -> Iterable[tuple[str, float | None]]:
    yield "accuracy", _mean((not row.lost, row.weight) for row in rows)
    if answers.classes > 2:
        occurring = {row.label for row in rows} | {row.outcome for row in rows}
        yield "f1", sum(_f1(rows, one) for one in occurring) / len(occurring)
    if answers.positive is None or answers.classes != 2:
        return
    yield "f1", _f1(rows, answers.positive)
    if answers.edges:
        hits = [(row.bin, row.outcome == answers.positive, row.weight) for row in rows]
        middles = middles_of((0.0, *answers.edges, 1.0))
        yield "roc_auc_binned", _auc(hits)
        yield "log_loss_binned", _mean((-log(max(TINY, 1 - abs(hit - middles[at]))), w) for at, hit, w in hits)
        yield "brier_binned", _mean(((middles[at] - hit) ** 2, weight) for at, hit, weight in hits)


def _regression(answers: Predictions, rows: list[_Row]) -> Iterable[tuple[str, float | None]]:
    if answers.error_q90 is not None:
        last = answers.loss_edges[-1]
        middles = middles_of((0.0, *answers.loss_edges, last))
        yield "mae_binned", answers.error_q90 * (_mean((middles[row.outcome], row.weight) for row in rows) or 0.0)


def _mean(pairs: Iterable[tuple[float, float]]) -> float | None:
    total = weights = 0.0
    for value, weight in pairs:
        total += weight * value
        weights += weight
    return total / weights if weights else None


def _f1(rows: list[_Row], one: int) -> float:
    """Return F1 of a class; 0 where it was neither said nor true."""
    hits = sum(row.weight for row in rows if row.label == row.outcome == one)
    either = sum(row.weight * ((row.label == one) + (row.outcome == one)) for row in rows)
    return 2 * hits / either if either else 0.0


def _auc(hits: list[tuple[int, bool, float]]) -> float | None:
    """Return the chance that a positive's bin is above a negative's, ties half; None: one of the two is absent."""
    positive: defaultdict[int, float] = defaultdict(float)
    negative: defaultdict[int, float] = defaultdict(float)
    for at, hit, weight in hits:
        (positive if hit else negative)[at] += weight
    below = won = 0.0
    for at in sorted({*positive, *negative}):
        won += positive[at] * (below + negative[at] / 2)
        below += negative[at]
    pairs = sum(positive.values()) * below
    return won / pairs if pairs else None
