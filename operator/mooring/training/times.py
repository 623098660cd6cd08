"""The times of rows, and the blocks of time that they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mooring.training.failure import data_error

BLOCK_ROWS: Final = 1000
"""A block with fewer is noise. Of blocks of 1000 rows that do not differ the distance is 0.02, that of the worst of 24
0.04 (means of 300 simulated columns): less than what is too small to be called drift anyway (0.05)."""
PARTS_OF_DAY: Final = (24, 12, 8, 6, 4)
MOST_BLOCKS: Final = PARTS_OF_DAY[0]
LEAST_BLOCKS: Final = 4
"""Fewer say nothing of a season."""
UNITS_A_DAY: Final = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}

Blocks = NDArray[np.int64]
"""(n,) the block of each row, from 0; -1: it has no time."""


@dataclass(frozen=True)
class Times:
    """When rows are of."""

    order: NDArray[np.float64]
    """(n,) numbers that order them, NaN where there is no time."""
    day: int | None = None
    """How much of `order` makes a day; None: they are not known to be moments."""

    @property
    def known(self) -> NDArray[np.float64]:
        """The times that there are."""
        known: NDArray[np.float64] = self.order[~np.isnan(self.order)]
        return known


def read_times(column: pa.ChunkedArray, name: str) -> Times:
    """Return the times of a column; raises RunFailed (Data) where they are none."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            column = _parsed(column)
        elif pa.types.is_date(kind):
            column = column.cast(pa.timestamp("us"))
        day = UNITS_A_DAY[column.type.unit] if pa.types.is_timestamp(column.type) else None
        if pa.types.is_temporal(column.type):
            column = column.cast(pa.int64() if not pa.types.is_time32(kind) else pa.int32())
        order: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    except pa.ArrowException as error:
        message = f"timeColumn {name!r} ({column.type}) cannot be read as times: {str(error).splitlines()[0][:160]}"
        raise data_error("TimeColumnType", message + "; use timestamps, dates, numbers or ISO 8601 texts") from None
    return Times(order, day)


def _parsed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return ISO 8601 texts as timestamps, with an offset (then in UTC) or without."""
    try:
        return column.cast(pa.timestamp("us"))
    except pa.ArrowException:
        return column.cast(pa.timestamp("us", tz="UTC"))


def blocks_of(times: Times) -> Blocks | None:
    """Return the block of time of each row, by which a season of the data is known; None: too few rows for blocks.

    Where times of the day are known over two days and more, a block is a part of the day, of an hour to six: what
    repeats most is the day, and a window of traffic is such a part of one. Else blocks are of as many rows each in the
    order of time: what changed while the data was gathered will change again. There are as many blocks as have
    BLOCK_ROWS on average, so that the floor they make is not their own noise.
    """
    count = min(MOST_BLOCKS, len(times.known) // BLOCK_ROWS)
    if count < LEAST_BLOCKS:
        return None
    if times.day is not None and _has_days(times.known, times.day):
        parts = next(parts for parts in PARTS_OF_DAY if parts <= count)
        places = (np.nan_to_num(times.order % times.day) * parts // times.day).astype(np.int64)
    else:
        cuts = np.quantile(times.known, np.arange(1, count) / count, method="higher")
        places = np.searchsorted(np.unique(cuts), times.order, side="right").astype(np.int64)
    places[np.isnan(times.order)] = -1
    return places


def _has_days(known: NDArray[np.float64], day: int) -> bool:
    """Return whether there are two days or more, and times of the day in them."""
    return float(np.ptp(known)) >= 2 * day and len(np.unique(known % day // (day // 24))) > 1


def distance_of_blocks(places: Blocks, cells: NDArray[np.int64], whole: list[int], *, ordered: bool) -> float:
    """Return the greatest distance of a block that has enough rows from the whole, which a window is compared with.

    `places` (n,) blocks and `cells` (n,) of the rows with a value; `whole` counts all of them by cell. With an order
    the distance is that of Kolmogorov and Smirnov at the edges between cells, without one that of a cell's share.
    Nothing is subtracted for noise. 0: no block has enough.
    """
    dated = places >= 0
    table = np.bincount(places[dated] * len(whole) + cells[dated], minlength=MOST_BLOCKS * len(whole))
    counts = table.reshape(-1, len(whole)).astype(np.float64)
    rows = counts.sum(axis=1)
    counts = counts[rows >= BLOCK_ROWS]
    if not len(counts):
        return 0.0
    shares = counts / counts.sum(axis=1, keepdims=True)
    apart = shares - np.array(whole) / sum(whole)
    return float(np.abs(np.cumsum(apart, axis=1) if ordered else apart).max())
