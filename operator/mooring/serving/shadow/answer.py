"""An answer in short, and whether two of them differ: a request counts once, however many rows it has."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from hashlib import blake2b

import orjson

from mooring.serving.backends import Scalar

REFUSED, FAILED = b"R", b"F"
"""As the caller's mistake, and by the model."""
_LABELS, _VALUES = b"L", b"V"
ROWS = 64
"""Of a regression the first so many are compared; of a classification all."""
TOLERANCE = 0.5
"""Regressions differ where two predictions are further apart than this part of the reference's 90th percentile of the
absolute error: two models that are as good as each other are seldom exactly equal."""


def of_labels(labels: Sequence[Scalar]) -> bytes:
    """Return the answer of a classification: equal where all labels are, whether 1 is written 1 or 1.0."""
    plain = [label if isinstance(label, str) else float(label) for label in labels]
    return _LABELS + blake2b(orjson.dumps(plain), digest_size=8).digest()


def of_values(values: Sequence[float]) -> bytes:
    """Return the answer of a regression, as float32."""
    narrow = array("f", (max(-3.4e38, min(3.4e38, value)) for value in values[:ROWS]))
    return _VALUES + len(values).to_bytes(4, "little") + narrow.tobytes()


def differ(one: bytes, other: bytes, scale: float) -> bool:
    """Return whether two answers to one request disagree; `scale` is the reference's 90th percentile of the error."""
    if one[:1] != _VALUES or one[:5] != other[:5] or len(one) != len(other):
        return one != other
    return any(abs(left - right) > TOLERANCE * scale for left, right in zip(_read(one), _read(other), strict=True))


def _read(answer: bytes) -> array[float]:
    found = array("f")
    found.frombytes(answer[5 : 5 + (len(answer) - 5) // 4 * 4])
    return found
