"""The protocol's datatypes: their ranges, their numpy types, and which may stand for which.

A request's tensor may have another datatype than the model's feature wherever no value is lost on the way: any number
for an FP64 feature, any whole number for an INT64 feature, 0 and 1 for a BOOL feature. Text is never read as a number.
"""

from __future__ import annotations

from mooring.api.modelversion import Datatype

FLOAT_LIMITS = {"FP16": 65504.0, "FP32": 3.4028234663852886e38, "FP64": 3.4028234663852886e38}
"""The largest magnitude of each. FP64 is bounded like FP32, because trees compute in it and refuse what is beyond."""

INT_LIMITS = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
"""Lowest and highest value of each."""

EXACT_INT = 2**53
"""Integers reach the model as float64, which holds each of them up to this magnitude."""

NUMPY_TYPES = {
    "BOOL": "?",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
    **{f"{sign}INT{bits}": f"<{sign.lower() or 'i'}{bits // 8}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
}
"""How each lies in binary data; BYTES has no fixed size."""

DATATYPES = frozenset(NUMPY_TYPES) | {"BYTES"}

_ARTICLES: dict[Datatype, str] = {
    "FP64": "a number",
    "INT64": "a whole number",
    "BOOL": "true or false",
    "BYTES": "a string",
}


def expected(datatype: Datatype, *, nullable: bool) -> str:
    """Return in words what a feature of the datatype takes."""
    return _ARTICLES[datatype] + (" or null" if nullable else "")
