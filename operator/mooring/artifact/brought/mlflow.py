"""The folder that MLflow's `save_model` writes: which model lies in it, without MLflow.

Read is `MLmodel`, a YAML file, and of it only which flavor there is, in which file, and the names of its columns. Its
list of trusted types is not: one from the artifact would be the attacker's (mlflow, GHSA-w582-9x45-8mpx).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mooring.artifact.errors import ModelRefused

MLMODEL = "MLmodel"
_LIMIT = 2**20
_SERVED = "an onnx, xgboost, lightgbm or sklearn flavor"


@dataclass(frozen=True)
class Column:
    """A column of MLflow's signature: its type is MLflow's word (double, long, string, …)."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class Inside:
    """A model in an MLflow folder: which flavor, in which file; its columns where it has a signature of columns."""

    flavor: str
    file: Path
    pickled: bool
    columns: list[Column] | None

    @property
    def names(self) -> list[str] | None:
        """The names of the columns."""
        return None if self.columns is None else [column.name for column in self.columns]


def look_inside(folder: Path) -> Inside:
    """Return which model the folder holds; raises ModelRefused."""
    content = _mlmodel(folder)
    flavors = content.get("flavors")
    if not isinstance(flavors, dict):
        raise ModelRefused("MLmodel.flavors is missing")
    for flavor, key in (("onnx", "data"), ("xgboost", "data"), ("lightgbm", "data"), ("sklearn", "pickled_model")):
        entry = flavors.get(flavor)
        if isinstance(entry, dict):
            file = _file(folder, entry.get(key), f"MLmodel.flavors.{flavor}.{key}")
            return Inside(flavor, file, _is_pickled(flavor, entry, file), _columns(content))
    others = ", ".join(map(str, flavors))[:200]
    raise ModelRefused(f"it has the flavors {others}; served is {_SERVED}. serve others by server.container")


def _mlmodel(folder: Path) -> dict[str, Any]:
    # Not before: no other format needs YAML, and the serving image does not have it.
    import yaml

    path = folder / MLMODEL
    if not path.is_file():
        raise ModelRefused("there is no MLmodel in the folder: artifact.uri must be what mlflow's save_model wrote")
    if path.stat().st_size > _LIMIT:
        raise ModelRefused(f"MLmodel is larger than {_LIMIT} bytes")
    text = path.read_bytes()
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ModelRefused("MLmodel has aliases, which MLflow never writes")
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelRefused(f"MLmodel is no YAML: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise ModelRefused("MLmodel is no YAML object")
    return content


def _file(folder: Path, name: object, where: str) -> Path:
    if not isinstance(name, str) or not name or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ModelRefused(f"{where} is {str(name)[:80]!r}; expected a file of the folder")
    if not (folder / name).is_file():
        raise ModelRefused(f"{where} names {name[:80]!r}, which is not in the folder")
    return folder / name


def _is_pickled(flavor: str, entry: dict[str, Any], file: Path) -> bool:
    if flavor == "sklearn":
        return str(entry.get("serialization_format", "pickle")) != "skops"
    return file.suffix in (".pkl", ".skops")


def _columns(content: dict[str, Any]) -> list[Column] | None:
    """Return the columns of the signature; None for one of tensors, or none."""
    signature = content.get("signature")
    text = signature.get("inputs") if isinstance(signature, dict) else None
    if not isinstance(text, str):
        return None
    try:
        columns = json.loads(text)
    except (ValueError, RecursionError):
        raise ModelRefused("MLmodel.signature.inputs is no JSON") from None
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        raise ModelRefused("MLmodel.signature.inputs is no list of columns")
    if not all(isinstance(column.get("name"), str) for column in columns):
        return None
    return [
        Column(column["name"], str(column.get("type")), column.get("required", True) is not False) for column in columns
    ]
