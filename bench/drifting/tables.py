"""Streams of rows whose truth is known: numbers and codes of categories, in windows. numpy only: peers make them too.

Drawn by `standard_normal` and `random` alone, so that every version of numpy here draws the same rows from a seed;
`digest` proves it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stream:
    """A reference and windows of the same source; shifts are in standard deviations."""

    seed: int
    reference_rows: int
    rows: int
    """Of a window."""
    windows: int
    numbers: int = 6
    texts: tuple[int, ...] = (5, 20, 100)
    """How many categories each has; the share of a category is in proportion to 1/rank."""
    shift: float = 0.0
    """Of every number, from the first window, for good."""
    correlation: float = 0.0
    """Of a number with that of the row before, in windows."""
    moved: float = 0.0
    """Shift of the first number alone, from window `change`."""
    swapped: float = 0.0
    """Share of all rows whose last text turns from its commonest category to the next, from window `change`."""
    change: int = 0


class Rows(NamedTuple):
    """Rows of one window, or of the reference."""

    numbers: Floats
    """(rows, numbers)."""
    codes: Ints
    """(rows, texts)."""


def reference(stream: Stream) -> Rows:
    """Return the rows that windows are compared with."""
    return _rows(np.random.default_rng((stream.seed, 0)), stream, stream.reference_rows)


def windows(stream: Stream) -> Iterator[Rows]:
    """Yield the windows in their order."""
    random = np.random.default_rng((stream.seed, 1))
    before = random.standard_normal(stream.numbers)
    for window in range(stream.windows):
        rows = _rows(random, stream, stream.rows)
        if stream.correlation:
            before = _correlate(rows.numbers, stream.correlation, before)
        rows.numbers[:] += stream.shift
        if window >= stream.change:
            rows.numbers[:, :1] += stream.moved
            if stream.swapped:
                _swap(random, rows.codes[:, -1], stream)
        yield rows


def digest(stream: Stream) -> str:
    """Return what is the same wherever the rows are."""
    known = reference(stream)
    first = next(windows(stream), known)
    return hashlib.blake2b(b"".join(part.tobytes() for part in (*known, *first)), digest_size=8).hexdigest()


def shares(categories: int) -> Floats:
    """Return the share of each category."""
    found = 1 / np.arange(1, categories + 1)
    return np.asarray(found / found.sum())


def _rows(random: np.random.Generator, stream: Stream, count: int) -> Rows:
    numbers = random.standard_normal((count, stream.numbers))
    codes = np.empty((count, len(stream.texts)), dtype=np.int64)
    for at, categories in enumerate(stream.texts):
        ends = np.cumsum(shares(categories))[:-1]
        codes[:, at] = np.searchsorted(ends, random.random(count), side="right")
    return Rows(numbers, codes)


def _correlate(numbers: Floats, share: float, before: Floats) -> Floats:
    fresh = (1 - share**2) ** 0.5
    for row in numbers:
        row[:] = before = share * before + fresh * row
    return before.copy()


def _swap(random: np.random.Generator, codes: Ints, stream: Stream) -> None:
    chance = stream.swapped / shares(stream.texts[-1])[0]
    codes[(codes == 0) & (random.random(len(codes)) < chance)] = 1
