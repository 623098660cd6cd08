"""Instances that are small tables themselves, as KServe reads them: each becomes the rows that it holds.

KServe makes a data frame of every instance that is an object, so its callers write {"x": [1, 2]} or {"x": {"0": 1}}.
Plain values, {"x": 1}, which it refuses, are rows as they are. Only features make a table: what else an instance has is
passed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from mooring.serving.errors import bad_input, bad_tensor, shown

Row = dict[str, object]


def rows_of(instances: object, names: Sequence[str], where: str) -> object:
    """Return the instances with tables unfolded; raises Rejected (400) for one that is none, as the first is."""
    if not isinstance(instances, list) or not instances:
        return instances
    first = instances[0]
    if isinstance(first, list) and first and isinstance(first[0], dict):
        return [row for at, instance in enumerate(instances) for row in _listed(instance, at, where)]
    if isinstance(first, dict) and any(isinstance(first.get(name), list | dict) for name in names):
        return [row for at, instance in enumerate(instances) for row in _unfolded(instance, names, at, where)]
    return instances


def _listed(instance: object, at: int, where: str) -> list[object]:
    if not isinstance(instance, list):
        raise bad_input(f"{where}: instance {at} is {shown(instance)}; expected a list of objects, as the first is")
    return instance


def _unfolded(instance: object, names: Sequence[str], at: int, where: str) -> list[Row]:
    if not isinstance(instance, dict) or not any(name in instance for name in names):
        raise bad_input(f"{where}: instance {at} is {shown(instance)}; expected columns by name, as the first has them")
    columns = {name: _by_index(column) for name, column in instance.items() if name in names}
    index = next(iter(columns.values()))
    for name, column in columns.items():
        if not column or column.keys() != index.keys():
            said = f"is {shown(instance[name])} in instance {at}"
            raise bad_tensor(name, f"{said}; expected a list, or values by index, with as many as the first column has")
    return [{name: column[label] for name, column in columns.items()} for label in index]


def _by_index(column: object) -> dict[object, object]:
    if isinstance(column, list):
        return dict(enumerate(column))
    return column if isinstance(column, dict) else {}
