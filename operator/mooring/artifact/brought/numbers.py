"""Reading what a stranger wrote: fields and lists of numbers, or a ModelRefused that names the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mooring.artifact.errors import ModelRefused

T = TypeVar("T")
_CALLED = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def field(holder: Mapping[str, object], name: str, kind: type[T], where: str) -> T:
    """Return a field that must be there and of that kind."""
    value = holder.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ModelRefused(f"{where}.{name} is {_shown(value)}; expected {_CALLED.get(kind, kind.__name__)}")
    return value


def counted(holder: Mapping[str, object], name: str, where: str, *, default: int | None = None) -> int:
    """Return a whole number that may be written as a text."""
    value = holder.get(name, default)
    try:
        found = int(value) if isinstance(value, str | int) else -1
    except ValueError:
        found = -1
    if not 0 <= found <= 2**31:
        raise ModelRefused(f"{where}.{name} is {_shown(value)}; expected a whole number")
    return found


def wholes(values: object, where: str) -> NDArray[np.int64]:
    """Return a list of whole numbers (n,)."""
    found = _array(values, where)
    if found.dtype.kind not in "iub" and len(found):
        raise ModelRefused(f"{where} holds other things than whole numbers")
    return found.astype(np.int64)


def floats(values: object, where: str) -> NDArray[np.float64]:
    """Return a list of numbers (n,)."""
    found = _array(values, where)
    if found.dtype.kind not in "iubf" and len(found):
        raise ModelRefused(f"{where} holds other things than numbers")
    return found.astype(np.float64)


def _array(values: object, where: str) -> NDArray[np.generic]:
    if not isinstance(values, list | np.ndarray):
        raise ModelRefused(f"{where} is {_shown(values)}; expected a list of numbers")
    try:
        found: NDArray[np.generic] = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        raise ModelRefused(f"{where} holds other things than numbers") from None
    if found.ndim != 1:
        raise ModelRefused(f"{where} is no flat list of numbers")
    return found


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    text = repr(value) if isinstance(value, str | int | float) else type(value).__name__
    return text if len(text) <= 40 else text[:40] + "…"
