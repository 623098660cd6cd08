"""A request's rows as they are kept: the numbers as bytes, row by row, the texts by feature.

Requests are joined for the model, and counted for the ledger, without a step in Python for each of their values, and a
number that waits to be counted takes eight bytes instead of an object.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import overload

import numpy as np
from numpy.typing import NDArray

Values = Sequence[float | str | None]
"""One feature's values: numbers (missing: NaN), or texts (missing: None)."""


class Kinds:
    """Which features are texts, in the order of the manifest; the others are numbers."""

    __slots__ = ("numbers", "places", "texts")

    def __init__(self, are_texts: Sequence[bool]) -> None:
        self.numbers = are_texts.count(False)
        """How many numbers a row has."""
        self.texts = are_texts.count(True)
        self.places = [(text, are_texts[:at].count(text)) for at, text in enumerate(are_texts)]
        """Of each feature whether it is a text, and its place among its kind."""


class Packed(Sequence[Values]):
    """Rows of one model; as a sequence, the values of each feature."""

    __slots__ = ("kinds", "numbers", "rows", "texts")

    def __init__(self, kinds: Kinds, rows: int, numbers: bytes, texts: Sequence[Values] = ()) -> None:
        self.kinds = kinds
        self.rows = rows
        self.numbers = numbers
        """Of float64, row by row; missing: NaN."""
        self.texts = texts
        """The values of each feature that is a text."""

    @classmethod
    def of(cls, kinds: Kinds, columns: Sequence[Values]) -> Packed:
        """Pack the values of every feature."""
        texts = [column for column, (text, _) in zip(columns, kinds.places, strict=True) if text]
        numbers = [column for column, (text, _) in zip(columns, kinds.places, strict=True) if not text]
        flat = list(chain.from_iterable(zip(*numbers, strict=True)))
        return cls(kinds, len(columns[0]), doubles(len(flat)).pack(*flat), texts)

    @classmethod
    def join(cls, parts: Sequence[Packed]) -> Packed:
        """Return the rows of all parts, one after the other."""
        kinds = parts[0].kinds
        numbers = b"".join([part.numbers for part in parts])
        if not kinds.texts:
            return cls(kinds, len(numbers) // (8 * kinds.numbers), numbers)
        texts = [list(chain.from_iterable(text)) for text in zip(*(part.texts for part in parts), strict=True)]
        return cls(kinds, len(texts[0]), numbers, texts)

    def matrix(self) -> NDArray[np.float64]:
        """Return the numbers (rows, features that are numbers), read-only."""
        return np.frombuffer(self.numbers).reshape(-1, self.kinds.numbers)

    def columns(self) -> list[Values]:
        """Return the values of each feature."""
        numbers, width = array("d", self.numbers), self.kinds.numbers
        return [self.texts[at] if text else numbers[at::width] for text, at in self.kinds.places]

    def __len__(self) -> int:
        return len(self.kinds.places)

    def __iter__(self) -> Iterator[Values]:
        return iter(self.columns())

    @overload
    def __getitem__(self, index: int) -> Values: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Values]: ...
    def __getitem__(self, index: int | slice) -> Values | Sequence[Values]:
        return self.columns()[index]


@lru_cache(maxsize=512)
def doubles(count: int) -> struct.Struct:
    """Return the struct of so many float64: it packs a list at a quarter of what an array's constructor takes."""
    return struct.Struct(f"{count}d")
