"""Which values of the recipe's slices are segments, and which rows lie in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mooring.api.trainingjob import DataSource, Slice
from mooring.ledger.layout import MOST_COMBINATIONS, MOST_VALUES
from mooring.ledger.profile import segment_name
from mooring.training.columns import nearest
from mooring.training.failure import listed, user_error
from mooring.training.split import Mask

LONGEST_VALUE = 128
"""Characters: a longer text is no name of a segment."""


@dataclass(frozen=True)
class Segment:
    """One value of a column."""

    value: float | str
    rows: int
    held: int
    """Of them, held out."""


@dataclass(frozen=True)
class SlicedColumn:
    """The segments of one column, ascending by value, and where each row lies."""

    column: str
    min_rows: int
    segments: tuple[Segment, ...]
    places: NDArray[np.int16]
    """(n,) the index of the row's segment; -1: it is in none."""
    few: list[str]
    """Names of values that have too few held out rows."""
    many: list[str]
    """Names of values that have enough, but would be one segment too many."""
    long: list[str]
    """The beginnings of texts that are too long to name a segment."""


def sliced_by(
    slices: Sequence[Slice], source: DataSource, frame: pd.DataFrame, holdout: Mask
) -> tuple[SlicedColumn, ...]:
    """Return the segments of the rows of `frame` (n); raises RunFailed (User) where a slice has none."""
    names = [one.column for one in slices]
    for name in names:
        _check(name, source, list(frame.columns))
    if len(set(names)) < len(names):
        raise user_error("SliceTwice", "evaluation.slices names a column twice; remove one of them")
    counted = [_Counted(one, frame[one.column], holdout) for one in slices]
    _fit_together(counted)
    return tuple(one.column() for one in counted)


def told(sliced: SlicedColumn) -> Iterator[str]:
    """Yield what people are told of a column: its segments, and what is none of them."""
    name = sliced.column
    each = (f"{segment_name(name, one.value)} ({one.rows} rows, {one.held} held out)" for one in sliced.segments)
    yield f"segments of {name}: {', '.join(each)}"
    if sliced.few:
        yield f"no segments, with fewer than {sliced.min_rows} held out rows: {listed(sliced.few)}"
    if sliced.many:
        limits = f"{MOST_VALUES} values a column and {MOST_COMBINATIONS} combinations of all"
        yield f"no segments, rarer than those that fit {limits}: {listed(sliced.many)}"
    if sliced.long:
        yield f"no segments, since a text of more than {LONGEST_VALUE} characters names none: {listed(sliced.long)}"


def _check(name: str, source: DataSource, features: list[str]) -> None:
    if name in features:
        return
    if name == source.target:
        why = "the target; name a feature, or leave it out"
    elif name in source.ignore:
        why = "ignored: remove it from data.ignore, or here, since pods only see features"
    elif name in (source.time_column, source.group_column):
        why = "the time or group column, which is no feature; leave it out, since pods only see features"
    else:
        why = f"no feature; {nearest(name, features)}"
    raise user_error("SliceNoFeature", f"evaluation.slices names {name!r}, which is {why}")


class _Counted:
    """How often each value of one column occurs, and which of them are segments."""

    def __init__(self, wanted: Slice, values: pd.Series, holdout: Mask) -> None:
        self.wanted = wanted
        self._codes, found = pd.factorize(values, sort=True)
        self._values = [value if isinstance(value, str) else float(value) + 0.0 for value in found]
        self.rows, self._held = self._counts(self._codes), self._counts(self._codes[holdout])
        long = [isinstance(value, str) and len(value) > LONGEST_VALUE for value in self._values]
        by_rows = np.argsort(-self.rows, kind="stable").tolist()
        self._long = [at for at in by_rows if long[at]]
        self._short = [at for at in by_rows if not long[at]]
        self._enough = [at for at in self._short if self._held[at] >= wanted.min_rows]
        self.kept = self._enough[:MOST_VALUES]
        """Places of the values that are segments, the most frequent first."""
        if not self.kept:
            raise user_error("SliceWithoutSegment", self._why())

    def column(self) -> SlicedColumn:
        kept = sorted(self.kept)
        places = np.full(len(self._values) + 1, -1, dtype=np.int16)  # the last one is that of missing values, -1
        places[kept] = np.arange(len(kept))
        names = [segment_name(self.wanted.column, value) for value in self._values]
        enough = set(self._enough)
        return SlicedColumn(
            column=self.wanted.column,
            min_rows=self.wanted.min_rows,
            segments=tuple(Segment(self._values[at], int(self.rows[at]), int(self._held[at])) for at in kept),
            places=places[self._codes],
            few=[names[at] for at in self._short if at not in enough],
            many=[names[at] for at in self._enough[len(self.kept) :]],
            long=[names[at][:LONGEST_VALUE] for at in self._long],
        )

    def _counts(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(codes[codes >= 0], minlength=len(self._values))

    def _why(self) -> str:
        name = self.wanted.column
        if not self._short:
            return f"every value of {name!r} is a text of more than {LONGEST_VALUE} characters, which names no segment"
        most = self._short[0]
        said = f"{segment_name(name, self._values[most])} has {self._held[most]}"
        return (
            f"no value of {name!r} has the {self.wanted.min_rows} held out rows that its slice needs ({said}): lower"
            " its minRows, to 50 at least, give the column fewer values, such as groups of ages, or leave it out"
        )


def _fit_together(counted: Sequence[_Counted]) -> None:
    """Leave the rarest values out until there are few enough combinations; each column keeps its most frequent one."""
    while prod(len(one.kept) + 1 for one in counted) > MOST_COMBINATIONS:
        rarest = min((one for one in counted if len(one.kept) > 1), key=lambda one: one.rows[one.kept[-1]])
        rarest.kept = rarest.kept[:-1]
