"""Batches of rows to answers, and to counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mooring.artifact.manifest import Feature
from mooring.batch.check import Bad, Checked, check, why
from mooring.batch.order import OnBadRow
from mooring.ledger.binner import Binner, Ints, Strata
from mooring.serving.backends import Output
from mooring.serving.load import Loaded
from mooring.serving.record import Scoring, references
from mooring.training.failure import RunFailed, data_error

ANSWER = "(answer)"
"""Where a refused row is counted whose answer is no finite number."""
LINE = "(line)"
"""Where a line of CSV is counted that has another number of fields than the first."""


@dataclass
class Counts:
    """What became of the rows of a file."""

    vector: Ints
    """A ledger's cells: features and predictions of those that were answered, `rejected` by the first wrong feature."""
    rows: int = 0
    predicted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Rows by column; one row may be wrong in several."""


@dataclass(frozen=True)
class Scored:
    """Answers to the rows of a batch that were not refused."""

    outputs: list[Output] | None
    """In the manifest's order; None where no row is left."""
    refused: Bad | None
    """Which rows of the batch were (n,)."""
    reasons: NDArray[np.object_] | None
    """The first wrong column of each refused row (n,), else None."""


class Scorer:
    """Scores the batches of one model's files."""

    def __init__(self, loaded: Loaded, on_bad_row: OnBadRow) -> None:
        self._features: list[Feature] = loaded.manifest.features
        self._backend = loaded.backend
        self._on_bad_row = on_bad_row
        self._scoring = Scoring.of(loaded.manifest, loaded.profile)
        strata = self._scoring.strata if self._scoring else Strata()
        self._binner = Binner(references(loaded.manifest, loaded.profile), strata)
        self.layout = self._binner.layout
        self._places = {feature.name: index for index, feature in enumerate(self._features)}

    def counts(self) -> Counts:
        """Return counts of nothing."""
        return Counts(np.zeros(self.layout.size, dtype=np.int64))

    def score(self, batch: pa.RecordBatch, counts: Counts, *, file: str, parse: bool) -> Scored:
        """Return the answers to a batch and count it.

        Raises RunFailed (Data) at the first wrong row where that ends the run, and for columns of a wrong type.
        """
        checked = check(self._features, batch, parse=parse)
        refused = checked.refused
        if refused is not None and self._on_bad_row == "fail":
            raise self._explained(batch, checked, refused, file, counts.rows)
        columns = checked.columns if refused is None else [column[~refused] for column in checked.columns]
        left = len(columns[0]) if columns else 0
        outputs = self._backend.predict(columns) if left else None
        if outputs is not None and (nonsense := _not_finite(outputs)) is not None:
            raise data_error(
                "NoAnswer", f"{file}: the model's answer to {int(nonsense.sum())} rows is no finite number"
            )
        counts.rows += batch.num_rows
        counts.predicted += left
        reasons = self._count(checked, refused, counts)
        if outputs is not None:
            self._binner.count(counts.vector, columns, self._strata(outputs))
        return Scored(outputs, refused, reasons)

    def _count(self, checked: Checked, refused: Bad | None, counts: Counts) -> NDArray[np.object_] | None:
        if refused is None:
            return None
        reasons = np.full(len(refused), None, dtype=object)
        start = self.layout.slices["rejected"].start
        for name in reversed(checked.bad):
            reasons[checked.bad[name]] = name
            counts.refused[name] += int(checked.bad[name].sum())
        for name, many in Counter(reasons[refused]).items():
            counts.vector[start + self._places[name]] += many
        return reasons

    def _strata(self, outputs: list[Output]) -> NDArray[np.int64]:
        scoring = self._scoring
        if scoring is None:
            return np.empty(0, dtype=np.int64)
        edges, scores = np.asarray(scoring.strata.edges, dtype=np.float64), outputs[scoring.score]
        if scoring.label is None:
            return edges.searchsorted(scores, side="left").astype(np.int64)
        shown = scores.max(axis=1) if scoring.positive is None else scores[:, scoring.positive]
        bins = edges.searchsorted(shown, side="left") * scoring.strata.classes
        return np.asarray(bins + scores.argmax(axis=1), dtype=np.int64)

    def _explained(self, batch: pa.RecordBatch, checked: Checked, refused: Bad, file: str, before: int) -> RunFailed:
        row = int(refused.argmax())
        name = next(name for name, wrong in checked.bad.items() if wrong[row])
        sentence = why(self._features[self._places[name]], batch.column(name)[row].as_py())
        message = f"{file}, row {before + row} (from 0): column {name!r} {sentence}; correct it, or say --on-bad-row "
        return data_error("BadRow", message + "skip (leaves such rows out) or null (answers nothing for them)")


def _not_finite(outputs: list[Output]) -> Bad | None:
    for output in outputs:
        if output.dtype.kind == "f" and not (finite := np.isfinite(output)).all():
            return np.asarray(~finite.reshape(len(finite), -1).all(axis=1), dtype=np.bool_)
    return None
