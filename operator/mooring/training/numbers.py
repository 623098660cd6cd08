"""The one place where numbers become the texts of records."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Return at most six significant digits: `0.893127`, `12`, `1.5e-07`, `NaN`."""
    return "NaN" if math.isnan(value) else f"{value + 0.0:.6g}"
