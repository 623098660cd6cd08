"""The model of an exported folder: rows to answers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .matrix import Matrix, Rows
from .refused import Refused

Outputs = dict[str, list[Any]]
"""By name: a value a row, of `probability` a list."""

TOLERANCE = 1e-5
_EXP_LIMIT = 709.0
"""e^709 is the last whole power that float64 holds."""


class Broken(Exception):
    """The folder is not what was exported; the message says what of it."""


class Model:
    """Answers rows. For several threads at once."""

    def __init__(self, folder: Path) -> None:
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        _verify(folder, self.manifest["files"])
        table = json.loads((folder / "compiled.json").read_text(encoding="utf-8"))
        self.features: list[dict[str, Any]] = self.manifest["features"]
        self._matrix = Matrix(table, [feature["name"] for feature in self.features])
        self._scores = _scores(table["estimator"], folder)
        self._link = _LINKS[table["link"]]
        self._check_golden(json.loads((folder / "golden.json").read_text(encoding="utf-8")))

    def ask(self, columns: Sequence[Sequence[Any]]) -> Outputs:
        """Return the answers to features that came column by column; raises Refused where they are no numbers."""
        try:
            found = [self._link(row) for row in self._scores(self._matrix.rows(columns))]
        except OverflowError:
            found = [[math.inf]]
        if not all(map(math.isfinite, (value for row in found for value in row))):
            raise Refused("the model cannot compute with these values: some are too large, or far from its data")
        if self.manifest["task"] == "Regression":
            return {"prediction": [row[0] for row in found]}
        classes = self.manifest["classes"]
        return {"probability": found, "label": [classes[row.index(max(row))] for row in found]}

    def _check_golden(self, golden: dict[str, Any]) -> None:
        """Raise Broken unless the rows that training recorded are answered as they were then."""
        columns = [
            [math.nan if value is None and feature["datatype"] != "BYTES" else value for value in values]
            for feature in self.features
            for values in [golden["inputs"][feature["name"]]]
        ]
        found = self.ask(columns)
        for name, wanted in golden["outputs"].items():
            for row, (one, other) in enumerate(zip(found[name], wanted, strict=True)):
                if not _alike(one, other):
                    raise Broken(f"golden row {row}: {name} is {one}, and training recorded {other}")


def _alike(found: Any, wanted: Any) -> bool:
    if isinstance(found, list):
        return all(_alike(one, other) for one, other in zip(found, wanted, strict=True))
    if isinstance(found, float):
        return abs(found - float(wanted)) <= TOLERANCE * max(1.0, abs(float(wanted)))
    return bool(found == wanted)


def _verify(folder: Path, files: Sequence[dict[str, Any]]) -> None:
    """Raise Broken where a file that is here is not the one that the manifest names."""
    for file in files:
        path = folder / file["path"]
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
            raise Broken(f"{file['path']} was changed after the export: export again")


def _scores(spec: dict[str, Any], folder: Path) -> Callable[[Rows], Rows]:
    if spec["kind"] == "Trees":
        from .trees import trees

        return trees(spec, folder)
    scores = list(zip(spec["coefficients"], spec["intercepts"], strict=True))

    def linear(rows: Rows) -> Rows:
        return [
            [sum(map(float.__mul__, row, weights), 0.0) + intercept for weights, intercept in scores] for row in rows
        ]

    return linear


def _share(scores: list[float]) -> list[float]:
    return scores if len(scores) > 1 else [1.0 - scores[0], scores[0]]


def _logistic(scores: list[float]) -> list[float]:
    return _share([1.0 / (1.0 + math.exp(min(-scores[0], _EXP_LIMIT)))])


def _softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


_LINKS: dict[str, Callable[[list[float]], list[float]]] = {
    "Identity": lambda scores: scores,
    "Exp": lambda scores: [math.exp(score) for score in scores],
    "Share": _share,
    "Logistic": _logistic,
    "Softmax": _softmax,
}
