"""Whether the segments of a profile fit the rest of it: what it is read by later relies on that."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby, pairwise
from math import isfinite, prod
from typing import TYPE_CHECKING

from mooring.ledger.layout import MOST_COMBINATIONS, MOST_SLICED, MOST_VALUES

if TYPE_CHECKING:
    from mooring.ledger.profile import Profile, SegmentProfile

Counts = Sequence[int] | None


def check_segments(profile: Profile, segments: Sequence[SegmentProfile]) -> None:
    """Raise ValueError with what is wrong with the segments."""
    columns = {name: [*found] for name, found in groupby(segments, key=lambda one: one.column)}
    if len(columns) < sum(1 for _ in groupby(segments, key=lambda one: one.column)):
        raise ValueError("segments of one column do not follow each other")
    if len(columns) > MOST_SLICED or any(len(found) > MOST_VALUES for found in columns.values()):
        raise ValueError(f"segments are of at most {MOST_SLICED} columns and {MOST_VALUES} values of each")
    if prod(len(found) + 1 for found in columns.values()) > MOST_COMBINATIONS:
        raise ValueError(f"a row can lie in segments in more than {MOST_COMBINATIONS} ways")
    kinds: dict[str, type] = dict.fromkeys((one.name for one in profile.categories), str)
    kinds.update(dict.fromkeys((one.name for one in profile.numbers), float))
    for name, found in columns.items():
        _check_values(name, kinds.get(name), [one.value for one in found])
    for segment in segments:
        _check_lengths(profile, segment)


def _check_values(column: str, kind: type | None, values: Sequence[float | str]) -> None:
    if kind is None:
        raise ValueError(f"segments are of {column!r}, which is no feature of the profile")
    if any(type(value) is not kind or (isinstance(value, float) and not isfinite(value)) for value in values):
        expected = "numbers" if kind is float else "texts"
        raise ValueError(f"values of {column!r} that are segments are not {expected}, as the feature is")
    if any(not earlier < later for earlier, later in pairwise(values)):  # type: ignore[operator]  # of one kind, all
        raise ValueError(f"values of {column!r} that are segments are not different and ascending")


def _check_lengths(profile: Profile, segment: SegmentProfile) -> None:
    if (len(segment.numbers), len(segment.categories)) != (len(profile.numbers), len(profile.categories)):
        raise ValueError(f"segment {segment.name} has another number of features than the profile")
    whole, mine = profile.predictions, segment.predictions
    pairs: list[tuple[Counts, Counts]] = [
        *((one.counts, of_all.counts) for one, of_all in zip(segment.numbers, profile.numbers, strict=True)),
        *((one.counts, of_all.counts) for one, of_all in zip(segment.categories, profile.categories, strict=True)),
        (mine.counts, whole.counts),
        (mine.classes, whole.classes),
        (mine.strata, whole.strata),
        (mine.losses, whole.losses),
        *zip(mine.outcomes or (), whole.outcomes or (), strict=False),
    ]
    if any(_length(counts) != _length(of_all) for counts, of_all in pairs) or (
        _length(mine.outcomes) != _length(whole.outcomes)
    ):
        raise ValueError(f"segment {segment.name} has another number of cells than the profile")
    every = [segment.rows, segment.holdout_rows, *chain.from_iterable(counts or () for counts, _ in pairs)]
    every += [number.missing for number in segment.numbers]
    every += [count for category in segment.categories for count in (category.other, category.missing)]
    if min(every) < 0:
        raise ValueError(f"segment {segment.name} has a negative count")


def _length(counts: Sequence[object] | None) -> int:
    return -1 if counts is None else len(counts)
