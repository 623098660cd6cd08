"""Truths as a table has them, to the type of what is predicted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Scalar
from mooring.serving.capture.part import Head
from mooring.serving.errors import shown
from mooring.training.failure import data_error

_WORDS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_MEANT = {"BYTES": "a text", "INT64": "a whole number", "FP64": "a number", "BOOL": "true or false"}
_NUMBERS: frozenset[Datatype] = frozenset(("INT64", "FP64"))


@dataclass(frozen=True)
class Target:
    """What is predicted: its column, its type, and the classes that are known."""

    name: str
    datatype: Datatype
    classes: tuple[Scalar, ...] = ()

    @classmethod
    def of(cls, heads: list[Head]) -> Target:
        """Return what these versions predict; raises RunFailed (Data) where they do not predict the same."""
        first = heads[0].target
        datatype, classes = first.datatype, dict.fromkeys(heads[0].classes or ())
        for head in heads[1:]:
            joined = _joined(datatype, head.target.datatype)
            if head.target.name != first.name or joined is None:
                one, two = (
                    f"{it.version} predicts {it.target.name!r} ({it.target.datatype})" for it in (heads[0], head)
                )
                raise data_error("TargetsDiffer", f"{one} and {two}: join one at a time with --version")
            datatype, classes = joined, classes | dict.fromkeys(head.classes or ())
        return cls(first.name, datatype, tuple(classes))

    def read(self, value: object) -> Scalar:
        """Return a truth as this target has it; raises ValueError with a sentence."""
        try:
            return _READ[self.datatype](value)
        except (ValueError, TypeError, OverflowError, KeyError):
            known = f", for example {shown(self.classes[0])}" if self.classes else ""
            raise ValueError(
                f"truth is {shown(value)}; {self.name!r} is {_MEANT[self.datatype]}: write one{known}"
            ) from None


def _joined(one: Datatype, other: Datatype) -> Datatype | None:
    return one if one == other else "FP64" if {one, other} <= _NUMBERS else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: object) -> int:
    if isinstance(value, int):
        return int(value)
    number = _number(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _number(value: object) -> float:
    if not isinstance(value, str | int | float) or (isinstance(value, str) and "_" in value):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _boolean(value: object) -> bool:
    return _WORDS[str(value).strip().lower()]


_READ: dict[Datatype, Callable[[object], Scalar]] = {
    "BYTES": _text,
    "INT64": _integer,
    "FP64": _number,
    "BOOL": _boolean,
}
