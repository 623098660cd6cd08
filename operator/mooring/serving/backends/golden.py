"""The golden rows: a model that answers them otherwise than at training is not the model that was measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mooring.artifact.manifest import Golden, Interface
from mooring.serving.backends.base import Backend, Column, Output
from mooring.serving.errors import CannotServe

TOLERANCE = 1e-5
"""Of probabilities, and of values relative to their magnitude where that is above one."""


def golden_columns(manifest: Interface, golden: Golden) -> list[Column]:
    """Return the golden rows as a backend wants them; raises CannotServe (GoldenRowsDiffer) where one is missing."""
    try:
        return [golden.inputs[feature.name] for feature in manifest.features]
    except KeyError as error:
        raise CannotServe("GoldenRowsDiffer", f"golden.json has no values for feature {error.args[0]!r}") from None


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
