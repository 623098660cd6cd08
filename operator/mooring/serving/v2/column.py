"""One feature of the model: the values of a request, checked and converted for the pipeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Feature
from mooring.serving.errors import bad_tensor, shown
from mooring.serving.v2.datatypes import EXACT_INT, FLOAT_LIMITS, INT_LIMITS, expected

Value = float | str | None
"""What a pipeline gets: numbers as floats (missing: NaN), text as str (missing: None)."""

_TEXT = {str}
_INTS = {int}
_NUMBERS = {int, float}


class Column:
    """Checks and converts one feature's values.

    The usual request is recognised by a few calls that run in C over all its values; only what they do not accept is
    looked at one by one, to be converted, or refused with its row.
    """

    def __init__(self, feature: Feature) -> None:
        self.name = feature.name
        self.datatype: Datatype = feature.datatype
        self.nullable = feature.nullable
        self.categories = None if feature.categories is None else frozenset(feature.categories)

    @property
    def is_text(self) -> bool:
        """Whether the values are strings."""
        return self.datatype == "BYTES"

    def convert(self, values: Sequence[object], declared: str) -> Sequence[Value]:
        """Return the values of a tensor of datatype `declared`, as the pipeline wants them.

        Raises Rejected, naming the column and the first row that is wrong.
        """
        if self.is_text:
            return self._texts(values, declared)
        if declared == "BYTES":
            raise self._wrong(f"is sent as BYTES, and {self._expected()} is wanted: send numbers as FP64 or INT64")
        if self.datatype != "BOOL" and self._plain(values, declared):
            return values  # type: ignore[return-value]  # _plain has looked at every value
        return [self._number(value, declared, row) for row, value in enumerate(values)]

    def _plain(self, values: Sequence[object], declared: str) -> bool:
        """Return whether all values are numbers that need neither conversion nor a second look."""
        types = set(map(type, values))
        if self.datatype == "FP64" and declared in ("FP64", "FP32"):
            # The sum of magnitudes is NaN or infinite if any value is, and bounds each of them.
            return types <= _NUMBERS and sum(map(abs, values)) <= FLOAT_LIMITS["FP64"]  # type: ignore[arg-type]
        if declared == "INT64":
            return types == _INTS and sum(map(abs, values)) <= EXACT_INT  # type: ignore[arg-type]
        return False

    def _texts(self, values: Sequence[object], declared: str) -> Sequence[Value]:
        if declared != "BYTES":
            raise self._wrong(f"is sent as {declared}, and a string is wanted: send it as BYTES")
        if set(map(type, values)) == _TEXT and (self.categories is None or self.categories.issuperset(values)):
            return values  # type: ignore[return-value]  # all of them are str
        return [self._text(value, row) for row, value in enumerate(values)]

    def _text(self, value: object, row: int) -> Value:
        if value is None:
            return self._null(row, None)
        if not isinstance(value, str):
            raise self._wrong(f"row {row} is {shown(value)}, expected {self._expected()}")
        if self.categories is not None and value not in self.categories:
            raise self._wrong(f"row {row} is {shown(value)}, a category that training never saw; {self._known(value)}")
        return value

    def _number(self, value: object, declared: str, row: int) -> Value:
        if value is None:
            return self._null(row, math.nan)
        if isinstance(value, bool) if declared == "BOOL" else isinstance(value, int) and not isinstance(value, bool):
            return self._integer(int(value), declared, row)  # type: ignore[call-overload]
        if not isinstance(value, float) or declared not in FLOAT_LIMITS:
            raise self._wrong(f"row {row} is {shown(value)}, which is no {declared}; expected {self._expected()}")
        if math.isnan(value) and self.nullable:
            return math.nan
        if not abs(value) <= FLOAT_LIMITS[declared]:
            raise self._out_of_range(value, declared, row)
        if self.datatype == "FP64":
            return value
        if not value.is_integer():
            raise self._wrong(f"row {row} is {shown(value)}, expected {self._expected()}")
        return self._integer(int(value), declared, row)

    def _integer(self, value: int, declared: str, row: int) -> float:
        low, high = INT_LIMITS.get(declared, (-EXACT_INT, EXACT_INT))
        if not low <= value <= high or abs(value) > EXACT_INT:
            raise self._out_of_range(value, declared, row)
        if self.datatype == "BOOL" and value not in (0, 1):
            raise self._wrong(f"row {row} is {value}, expected true, false, 0 or 1")
        return float(value)

    def _null(self, row: int, missing: Value) -> Value:
        if not self.nullable:
            raise self._wrong(f"row {row} is null, and training saw no missing value here; expected {self._expected()}")
        return missing

    def _out_of_range(self, value: float, declared: str, row: int) -> Exception:
        if isinstance(value, float) and not math.isfinite(value):
            return self._wrong(f"row {row} is {value}, expected a finite number" + (" or null" * self.nullable))
        limit = "±3.4e38" if declared in FLOAT_LIMITS and self.datatype == "FP64" else "±2^53"
        return self._wrong(f"row {row} is {shown(value)}, outside of {declared} or of the model's {limit}")

    def _expected(self) -> str:
        return expected(self.datatype, nullable=self.nullable)

    def _known(self, value: str) -> str:
        known = sorted(self.categories or ())
        if near := get_close_matches(value[:80], known, n=1):
            return f"did you mean {shown(near[0])}?"
        listed = ", ".join(map(shown, known[:8]))
        return f"expected one of {listed}" + (f" and {len(known) - 8} more" if len(known) > 8 else "")

    def _wrong(self, what: str) -> Exception:
        return bad_tensor(self.name, what)
