"""A verified folder with a model of another tool, to something that answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mooring.api.modelversion import ArtifactFormat, Signature
from mooring.artifact.asks import Asks
from mooring.artifact.brought.ensemble import FILE_LIMIT, Ensemble, ensemble_model
from mooring.artifact.brought.interface import Found, interface_of, only_numbers
from mooring.artifact.brought.lightgbm import read_lightgbm
from mooring.artifact.brought.mlflow import look_inside
from mooring.artifact.brought.xgboost import read_xgboost
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import CARD, GOLDEN, PROFILE, Interface

OWN = (GOLDEN, PROFILE, CARD)
"""Files beside a model that `mooring import` writes."""
_SUFFIXES = {"Onnx": (".onnx",), "XGBoost": (".json", ".ubj"), "LightGBM": (".txt", ".lgb")}
_READERS = {"XGBoost": read_xgboost, "LightGBM": read_lightgbm}
_FLAVORS: dict[str, ArtifactFormat] = {"onnx": "Onnx", "xgboost": "XGBoost", "lightgbm": "LightGBM"}


@dataclass(frozen=True)
class Brought:
    """A model that answers, what it is, and what computes it: onnx or sklearn."""

    interface: Interface
    model: Asks
    kind: str


def read_brought(folder: Path, form: ArtifactFormat, signature: Signature, *, trusts_pickles: bool = False) -> Brought:
    """Return the model of a verified folder; raises ModelRefused."""
    if form == "Files":
        raise ModelRefused("format Files is for a server of your own: set server.container in the ModelDeployment")
    if form == "MLflow":
        return _mlflow(folder, signature, trusts_pickles)
    return _file(model_file(folder, form), form, signature, None)


def model_file(folder: Path, form: ArtifactFormat) -> Path:
    """Return the one file of the folder that is a model of this format; raises ModelRefused."""
    suffixes = _SUFFIXES[form]
    found = [file for file in sorted(folder.iterdir()) if file.suffix in suffixes and file.name not in OWN]
    if len(found) != 1:
        there = ", ".join(file.name for file in (found or sorted(folder.iterdir()))[:8])
        raise ModelRefused(
            f"format {form} wants exactly one file that ends in {' or '.join(suffixes)}; there is {there}"
        )
    return found[0]


def read_ensemble(content: bytes, form: ArtifactFormat) -> Ensemble:
    """Return the trees of an XGBoost or LightGBM file; raises ModelRefused."""
    return _READERS[form](content)


def _file(file: Path, form: ArtifactFormat, signature: Signature, names: Sequence[str] | None) -> Brought:
    if file.stat().st_size > FILE_LIMIT:
        raise ModelRefused(f"{file.name} has {file.stat().st_size} bytes; models of up to {FILE_LIMIT} are served")
    content = file.read_bytes()
    if form == "Onnx":
        # Not before: who trains has no use for ONNX Runtime.
        from mooring.artifact.brought.onnx import OnnxModel

        model = OnnxModel(content, signature)
        return Brought(model.interface, model, "onnx")
    ensemble = read_ensemble(content, form)
    found = Found(
        kind=ensemble.kind,
        names=_agreed(ensemble.names, signature) or names,
        numbers=True,
        width=ensemble.width,
        task=ensemble.task,
        classes=ensemble.classes or None,
    )
    interface = interface_of(signature, found)
    only_numbers(interface)
    return Brought(interface, ensemble_model(ensemble, interface.features), "onnx")


def _agreed(names: Sequence[str] | None, signature: Signature) -> Sequence[str] | None:
    """Return the file's names, with spaces where the record has them: LightGBM writes them as underscores."""
    if names is None:
        return None
    spaced = {tensor.name.replace(" ", "_"): tensor.name for tensor in signature.inputs}
    return [spaced.get(name, name) for name in names]


def _mlflow(folder: Path, signature: Signature, trusts_pickles: bool) -> Brought:
    inside = look_inside(folder)
    if inside.pickled and not trusts_pickles:
        raise ModelRefused(
            f"{inside.file.name} is a pickle, which runs code when it is loaded: save the model with "
            "serialization_format='skops' or as ONNX, or allow it by server.builtin.trust: [Joblib]"
        )
    if inside.flavor in _FLAVORS and not inside.pickled:
        return _file(inside.file, _FLAVORS[inside.flavor], signature, inside.names)
    if inside.flavor != "sklearn":
        raise ModelRefused(
            f"{inside.file.name} is a pickle of {inside.flavor}'s: save its booster_ as the model instead"
        )
    # Not before: it brings scikit-learn and pandas with it.
    from mooring.artifact.brought.estimator import EstimatorModel, load_pickle, load_skops

    estimator = load_pickle(inside.file) if inside.pickled else load_skops(inside.file)
    model = EstimatorModel(estimator, inside.names, signature)
    return Brought(model.interface, model, "sklearn")
