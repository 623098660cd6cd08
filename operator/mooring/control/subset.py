"""Whether a live object already says what we would write.

The API server fills in defaults, keeps quantities in another spelling and lets others add to our objects. So the
question is not whether the live object equals ours, but whether it already contains it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any

from mooring.reconcile.plan import Object

APPLIED = "mooring.dev/applied"
"""Annotation of children: digest of what was applied, so that a field we no longer want is noticed as well."""

_LIST_KEYS = ("name", "containerPort", "port", "mountPath", "uid", "key", "topologyKey", "type")
_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
}  # fmt: skip


def digest(manifest: Object) -> str:
    """Return a short digest of a manifest, the same for the same content."""
    return sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def contains(live: Any, desired: Any) -> bool:
    """Return whether `live` already says everything that `desired` says."""
    if desired is None or desired in ({}, []):
        return True  # unset: the API server drops or fills in such fields
    if isinstance(desired, Mapping):
        return isinstance(live, Mapping) and all(contains(live.get(name), value) for name, value in desired.items())
    if isinstance(desired, list | tuple):
        return isinstance(live, list | tuple) and _list_contains(live, desired)
    return _same(live, desired)


def _list_contains(live: Sequence[Any], desired: Sequence[Any]) -> bool:
    key = _merge_key(live, desired)
    if key is None:
        return len(live) == len(desired) and all(contains(a, b) for a, b in zip(live, desired, strict=True))
    by_key = {item[key]: item for item in live}
    return all(contains(by_key.get(item[key]), item) for item in desired)


def _merge_key(live: Sequence[Any], desired: Sequence[Any]) -> str | None:
    """Return the field that names the items of both lists, or None where they can only be compared in order."""
    return next((key for key in _LIST_KEYS if _names(key, live) and _names(key, desired)), None)


def _names(key: str, items: Sequence[Any]) -> bool:
    named = [item.get(key) for item in items if isinstance(item, Mapping)]
    scalar = all(isinstance(name, str | int) for name in named)
    return len(named) == len(items) and scalar and len(set(named)) == len(named)


def _same(live: Any, desired: Any) -> bool:
    if live == desired and isinstance(live, bool) == isinstance(desired, bool):
        return True
    if isinstance(live, bool) or isinstance(desired, bool):
        return False
    amount = _amount(desired)
    return amount is not None and amount == _amount(live)


def _amount(value: Any) -> Decimal | None:
    """Return a quantity ("500m", "1Gi", 2) as a number, or None where it is not one."""
    text = str(value)
    number = text.rstrip("numkMGTPi")
    factor = _SUFFIXES.get(text[len(number) :])
    if factor is None or not number or number.strip("0123456789.-"):
        return None
    try:
        return Decimal(number) * factor
    except ArithmeticError:
        return None
