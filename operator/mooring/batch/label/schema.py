"""The columns of joined rows: features as the model has them, the truth in its target's column, and who predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from mooring.api.modelversion import Datatype
from mooring.artifact.manifest import Scalar
from mooring.artifact.sample import ARROW_TYPES
from mooring.batch.label.truth import Target
from mooring.serving.capture.part import Head
from mooring.training.failure import data_error, listed

_MOMENT = pa.timestamp("ms", tz="UTC")
_WIDER = frozenset(("INT64", "FP64"))


class Row(NamedTuple):
    """One row with what is known of it."""

    version: str
    values: Mapping[str, object]
    """Of the features."""
    prediction: object
    score: object
    role: str
    prediction_id: str
    row: int
    request_id: str | None
    predicted_at: int
    """Milliseconds since 1970 UTC."""
    truth: Scalar
    truth_at: int | None
    """None: there is no truth."""


@dataclass(frozen=True)
class Columns:
    """What joined rows are written as."""

    features: Mapping[str, Datatype]
    """Datatypes by name, in the order of the newest version."""
    target: Target
    plain: bool

    @classmethod
    def of(cls, heads: Sequence[Head], target: Target, *, plain: bool) -> Columns:
        """Return the columns of these versions; what one of them does not know is null in its rows.

        Raises RunFailed (Data) where they cannot be of one table.
        """
        features: dict[str, Datatype] = {}
        known: dict[str, Head] = {}
        for head in reversed(heads):
            for feature in head.features:
                before = features.setdefault(feature.name, feature.datatype)
                other = known.setdefault(feature.name, head)
                if before == feature.datatype:
                    continue
                if not {before, feature.datatype} <= _WIDER:
                    types = f"{before} in {other.version} and {feature.datatype} in {head.version}"
                    raise data_error("TypesDiffer", f"column {feature.name!r} is {types}: join one with --version")
                features[feature.name] = "FP64"
        found = cls(features, target, plain)
        names = found.schema.names
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise data_error("NameTaken", f"joined rows have columns {listed(twice)} twice: use --plain, or rename it")
        return found

    @property
    def schema(self) -> pa.Schema:
        """The Parquet's."""
        fields = [(name, ARROW_TYPES[datatype]) for name, datatype in self.features.items()]
        fields.append((self.target.name, ARROW_TYPES[self.target.datatype]))
        return pa.schema(fields if self.plain else fields + self._about())

    def batch(self, rows: Sequence[Row]) -> pa.RecordBatch:
        """Return rows as they are written."""
        columns: list[list[object]] = [[row.values.get(name) for row in rows] for name in self.features]
        columns.append([row.truth for row in rows])
        if not self.plain:
            columns += [[getattr(row, name.removeprefix("mooring_")) for row in rows] for name, _ in self._about()]
        arrays = [pa.array(values, field.type) for values, field in zip(columns, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _about(self) -> list[tuple[str, pa.DataType]]:
        text = pa.string()
        return [
            ("mooring_prediction", ARROW_TYPES[self.target.datatype]),
            ("mooring_score", pa.float64()),
            ("mooring_version", text),
            ("mooring_role", text),
            ("mooring_prediction_id", text),
            ("mooring_row", pa.int32()),
            ("mooring_request_id", text),
            ("mooring_predicted_at", _MOMENT),
            ("mooring_truth_at", _MOMENT),
        ]
