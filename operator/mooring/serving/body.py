"""What the bodies of all protocols have in common: JSON, and how a list of names stands in a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import orjson

from mooring.serving.errors import bad_input, shown

Read = TypeVar("Read")


def read_json(body: bytes | bytearray, read: Callable[[object], Read]) -> Read:
    """Return what `read` makes of a JSON body; raises Rejected (400) where it is none.

    NaN and Infinity, which many libraries write though JSON has none, are refused by `read`, which knows the column.
    """
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        problem = error.args[0]
    else:
        return read(sent)
    with suppress(ValueError, RecursionError):
        read(json.loads(body))
    raise bad_input(f"the body is not JSON: {problem} (a missing value is written null)")


def listed(names: Sequence[str], limit: int = 20) -> str:
    """Return names as they stand in a message."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(shown, names[:limit])) + more
