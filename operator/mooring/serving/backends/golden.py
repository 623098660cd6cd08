"""The golden rows: a model that answers them otherwise than at training is not the model that was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mooring.artifact.manifest import Golden, Interface
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.backends.base import AnswersFew, Backend, Column, Output
from mooring.serving.errors import CannotServe

TOLERANCE = 1e-5
"""Of probabilities, and of values relative to their magnitude where that is above one."""


def golden_columns(manifest: Interface, golden: Golden) -> list[Column]:
    """Return the golden rows as a backend wants them; raises CannotServe (GoldenRowsDiffer) where one is missing."""
    try:
        return [golden.inputs[feature.name] for feature in manifest.features]
    except KeyError as error:
        raise CannotServe("GoldenRowsDiffer", f"golden.json has no values for feature {error.args[0]!r}") from None


class OneByOne:
    """A backend that is asked row by row, so that its way for a few rows is checked, too."""

    def __init__(self, backend: Backend, manifest: Interface) -> None:
        self._backend = backend
        self._widths = [output.shape[1] if len(output.shape) > 1 else 0 for output in manifest.outputs]
        self._kinds = Kinds([feature.datatype == "BYTES" for feature in manifest.features])

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs."""
        rows = [self._row([column[at : at + 1] for column in columns]) for at in range(len(columns[0]))]
        joined = [np.array([value for row in rows for value in row[at]]) for at in range(len(self._widths))]
        return [
            values.reshape(-1, width) if width else values for values, width in zip(joined, self._widths, strict=True)
        ]

    def _row(self, columns: Sequence[Any]) -> Sequence[Sequence[object]]:
        filled = [
            column if text or column[0] is not None else [np.nan]
            for column, (text, _) in zip(columns, self._kinds.places, strict=True)
        ]
        packed = Packed.of(self._kinds, filled)
        few = self._backend.few(packed) if isinstance(self._backend, AnswersFew) else None
        return few if few is not None else [output.ravel().tolist() for output in self._backend.predict(packed)]


def check_golden(backend: Backend, manifest: Interface, golden: Golden) -> None:
    """Return if every output is what training recorded; raises CannotServe (GoldenRowsDiffer) with the first row."""
    answers = backend.predict(golden_columns(manifest, golden))
    for output, found in zip(manifest.outputs, answers, strict=True):
        wanted = golden.outputs.get(output.name)
        if wanted is None or len(wanted) != len(found):
            raise CannotServe("GoldenRowsDiffer", f"golden.json has {len(wanted or ())} answers of {output.name!r}")
        differs = _differing_rows(found, np.array(wanted, dtype=object if output.datatype == "BYTES" else None))
        if differs.any():
            row = int(differs.argmax())
            raise CannotServe(
                "GoldenRowsDiffer",
                f"{int(differs.sum())} of {len(wanted)} golden rows are answered otherwise than training recorded; "
                f"row {row}: {output.name} is {found[row].tolist()}, not {wanted[row]}; train again with this image",
            )


def _differing_rows(found: Output, wanted: Output) -> npt.NDArray[np.bool_]:
    if found.shape != wanted.shape:
        return np.ones(len(found), dtype=np.bool_)
    if found.dtype.kind == "f":
        numbers, recorded = found.astype(np.float64), wanted.astype(np.float64)
        differs = ~(np.abs(numbers - recorded) <= TOLERANCE * np.maximum(1.0, np.abs(recorded)))
    else:
        differs = np.not_equal(found, wanted, dtype=object).astype(np.bool_)
    return np.array([row.any() for row in differs], dtype=np.bool_)
