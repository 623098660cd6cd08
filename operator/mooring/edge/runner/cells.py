"""The values of one feature: checked as in the cluster, and as the model reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .refused import Refused

FLOATS = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": 3.4028234663852886e38}
"""The largest magnitude of each; trees compute in float32."""
INTS = {f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
EXACT = 2**53


def cells(feature: dict[str, Any], values: Sequence[Any], declared: str) -> list[Any]:
    """Return numbers (missing: NaN) or texts (missing: None); raises Refused with the first row that is wrong."""
    known = None if feature.get("categories") is None else frozenset(feature["categories"])
    text = feature["datatype"] == "BYTES"
    if text != (declared == "BYTES"):
        wanted = "BYTES" if text else "a number"
        raise Refused(f"input {feature['name']!r}: is sent as {declared}, and {wanted} is wanted")
    found: list[Any] = []
    for row, value in enumerate(values):
        if value is None or value != value:
            if not feature["nullable"] or (text and value is not None):
                raise Refused(
                    f"input {feature['name']!r}: row {row} is missing, and training saw no missing value here"
                )
            found.append(None if text else math.nan)
        elif text:
            found.append(_text(feature, value, row, known))
        else:
            found.append(_number(feature, value, row, declared))
    return found


def _text(feature: dict[str, Any], value: Any, row: int, known: frozenset[str] | None) -> str:
    if not isinstance(value, str):
        raise Refused(f"input {feature['name']!r}: row {row} is {value!r:.60}, expected a string")
    if known is not None and value not in known:
        some = ", ".join(map(repr, sorted(known)[:8]))
        raise Refused(
            f"input {feature['name']!r}: row {row} is {value!r:.60}, a category that training never saw; "
            f"expected one of {some}" + (f" and {len(known) - 8} more" if len(known) > 8 else "")
        )
    return value


def _number(feature: dict[str, Any], value: Any, row: int, declared: str) -> float:
    kinds = bool if declared == "BOOL" else int if declared in INTS else (int, float)
    if not isinstance(value, kinds) or (isinstance(value, bool) and declared != "BOOL"):
        raise Refused(f"input {feature['name']!r}: row {row} is {value!r:.60}, which is no {declared}")
    wanted = feature["datatype"]
    if wanted == "FP64":
        fine = abs(value) <= (FLOATS["FP64"] if isinstance(value, float) else EXACT)
    elif wanted == "INT64":
        fine = abs(value) <= EXACT and float(value).is_integer()
    else:
        fine = value in (0, 1)
    if not fine:
        expected = {"FP64": "a number up to ±3.4e38", "INT64": "a whole number up to ±2^53", "BOOL": "true or false"}
        raise Refused(f"input {feature['name']!r}: row {row} is {value!r:.60}, expected {expected[wanted]}")
    return float(value)
