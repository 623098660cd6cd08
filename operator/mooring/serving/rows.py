"""Rows and columns without datatypes, as V1 and MLflow send them, to what the pipeline reads.

They are checked by the same columns as V2's tensors. A row may have more names than the model has features: what they
hold is passed over, as MLflow does, since every feature must be there anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mooring.artifact.manifest import Interface
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.body import listed
from mooring.serving.errors import bad_input, bad_tensor, shown, too_large
from mooring.serving.v2.column import Column, Value
from mooring.serving.v2.decode import Asked
from mooring.serving.v2.usual import Usual
from mooring.serving.v2.wanted import Wanted

_INTS = {int}


class RowReader:
    """Reads the rows of one model's requests; what is asked of it is `prediction`, or else `label`."""

    def __init__(self, manifest: Interface, max_rows: int) -> None:
        self._columns = [Column(feature) for feature in manifest.features]
        self.names = [column.name for column in self._columns]
        names = [output.name for output in manifest.outputs]
        self.output = next((names.index(name) for name in ("prediction", "label") if name in names), 0)
        """The index of the output that these protocols answer."""
        self._outputs = (Wanted(self.output, binary=False),)
        self._max_rows = max_rows
        self._kinds = Kinds([column.is_text for column in self._columns])
        self._usual = Usual(self._columns, self._kinds)

    def rows(self, sent: object, where: str) -> Asked:
        """Return what a list of rows asks: each an object by name, or a list in the order of the features.

        Raises Rejected: 400 with the feature and row that are wrong, 413 for too many rows. `where` names the list.
        """
        if not isinstance(sent, list) or not sent:
            raise bad_input(f"{where} is {shown(sent)}; expected a list of rows, each of {listed(self.names)}")
        self._bound(len(sent))
        if isinstance(sent[0], dict):
            return self._asked(self._by_name(sent, where), len(sent))
        if len(self.names) == 1 and not isinstance(sent[0], list):
            return self._asked([sent], len(sent))
        if (packed := self._usual.lists(sent)) is not None:
            return Asked(id=None, rows=len(sent), columns=packed, outputs=self._outputs)
        return self._asked(self._by_place(sent, self.names, where), len(sent))

    def split(self, columns: object, sent: object, where: str) -> Asked:
        """Return what rows ask whose columns are named once; without names they are the features in their order."""
        if columns is None:
            return self.rows(sent, where)
        if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
            raise bad_input(f"the columns are {shown(columns)}; expected a list of names")
        if len(set(columns)) < len(columns):
            raise bad_input(f"the columns are {shown(columns)}; expected each name once")
        if not isinstance(sent, list) or not sent:
            raise bad_input(f"{where} is {shown(sent)}; expected a list of rows")
        self._bound(len(sent))
        found = dict(zip(columns, self._by_place(sent, columns, where), strict=True))
        self._complete(found)
        return self._asked([found[name] for name in self.names], len(sent))

    def columns(self, sent: Mapping[str, object]) -> Asked:
        """Return what whole columns ask: a list of values, or of lists of one value, for each feature."""
        self._complete(sent)
        found = [_column(sent[name], name) for name in self.names]
        rows = len(found[0])
        self._bound(rows)
        for name, values in zip(self.names, found, strict=True):
            if len(values) != rows:
                raise bad_tensor(name, f"has {len(values)} rows, and {shown(self.names[0])} has {rows}")
        return self._asked(found, rows)

    def _complete(self, names: Mapping[str, object]) -> None:
        missing = [name for name in self.names if name not in names]
        if missing:
            raise bad_input(f"missing {'columns' if len(missing) > 1 else 'column'}: {listed(missing)}")

    def _bound(self, rows: int) -> None:
        if rows > self._max_rows:
            raise too_large(f"{rows} rows are more than {self._max_rows} (maxBatchRows): send fewer at once")

    def _by_name(self, rows: list[object], where: str) -> list[Sequence[object]]:
        for at, row in enumerate(rows):
            if not isinstance(row, dict):
                raise bad_input(f"{where}: row {at} is {shown(row)}; expected an object, as the first is")
            for name in self.names:
                if name not in row:
                    raise bad_tensor(name, f"is missing in row {at} (a missing value is written null)")
        return [[row[name] for row in rows] for name in self.names]  # type: ignore[index]  # all are objects

    def _by_place(self, rows: list[object], names: Sequence[str], where: str) -> list[Sequence[object]]:
        for at, row in enumerate(rows):
            if not isinstance(row, list) or len(row) != len(names):
                has = f"has {len(row)} values" if isinstance(row, list) else f"is {shown(row)}"
                raise bad_input(f"{where}: row {at} {has}; expected the {len(names)} of {listed(names)}, in this order")
        return list(zip(*rows, strict=True))

    def _asked(self, columns: Sequence[Sequence[object]], rows: int) -> Asked:
        found = [_converted(column, values) for column, values in zip(self._columns, columns, strict=True)]
        return Asked(id=None, rows=rows, columns=Packed.of(self._kinds, found), outputs=self._outputs)


def _column(values: object, name: str) -> Sequence[object]:
    if not isinstance(values, list) or not values:
        raise bad_tensor(name, f"is {shown(values)}; expected a list of values")
    if all(isinstance(value, list) and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _converted(column: Column, values: Sequence[object]) -> Sequence[Value]:
    """Return the values checked. JSON's own types stand for the datatype that these protocols do not send."""
    if column.is_text:
        return column.convert(values, "BYTES")
    types = set(map(type, values))
    if bool in types:
        values = [int(value) if isinstance(value, bool) else value for value in values]
    return column.convert(values, "INT64" if types == _INTS else "FP64")
