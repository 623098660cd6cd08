"""From a row's values to the segments that it lies in: looked up once, when it is answered."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import add
from struct import Struct

from mooring.ledger.layout import Sliced
from mooring.ledger.packed import Kinds, Packed

_DOUBLE = Struct("d")
_Steps = dict[float | str | None, int]


@dataclass(frozen=True)
class SlicedFeature:
    """A feature, and those of its values that are segments, in their order."""

    feature: int
    """Its index."""
    name: str
    values: Sequence[float | str]


class Slicer:
    """Makes codes of strata: stratum + strata * combination (`Layout`)."""

    def __init__(self, kinds: Kinds, features: Sequence[SlicedFeature], strata: int) -> None:
        self.sliced = tuple(Sliced(one.name, len(one.values)) for one in features)
        """As a layout has them."""
        self._texts: list[tuple[int, _Steps]] = []
        self._numbers: list[tuple[int, _Steps]] = []
        step = strata
        for one in features:
            is_text, place = kinds.places[one.feature]
            # What a value adds to the code. Values that are no segment, NaN and None among them, are not there.
            steps: _Steps = {value: step * digit for digit, value in enumerate(one.values, 1)}
            (self._texts if is_text else self._numbers).append((place, steps))
            step *= len(one.values) + 1

    def codes(self, rows: Packed, strata: list[int]) -> list[int]:
        """Return the code of each row by its stratum."""
        if len(strata) == 1:
            code = strata[0]
            for place, steps in self._texts:
                code += steps.get(rows.texts[place][0], 0)
            for place, steps in self._numbers:
                code += steps.get(_DOUBLE.unpack_from(rows.numbers, 8 * place)[0], 0)
            return [code]
        codes = strata
        for place, steps in self._texts:
            codes = [*map(add, codes, map(steps.get, rows.texts[place], repeat(0)))]
        if self._numbers:
            numbers, width = array("d", rows.numbers), rows.kinds.numbers
            for place, steps in self._numbers:
                codes = [*map(add, codes, map(steps.get, numbers[place::width], repeat(0)))]
        return codes
