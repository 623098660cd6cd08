"""The signature of a model that is imported, as far as its file, a sample of rows and the command line say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mooring.api.modelversion import ArtifactFormat, Datatype, InputTensor, Signature
from mooring.api.trainingjob import Task
from mooring.artifact.brought.mlflow import MLMODEL, Inside, look_inside
from mooring.artifact.brought.model import OWN, model_file, read_ensemble
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import Feature
from mooring.artifact.predict import outputs_of

LISTED = 64
"""So many inputs a record lists."""
_FLAVORS: dict[str, ArtifactFormat] = {"onnx": "Onnx", "xgboost": "XGBoost", "lightgbm": "LightGBM"}
_ONNX: dict[str, Datatype] = {
    "tensor(float)": "FP64",
    "tensor(double)": "FP64",
    "tensor(int64)": "INT64",
    "tensor(int32)": "INT64",
    "tensor(bool)": "BOOL",
    "tensor(string)": "BYTES",
}
_MLFLOW: dict[str, Datatype] = {
    "double": "FP64",
    "float": "FP64",
    "long": "INT64",
    "integer": "INT64",
    "boolean": "BOOL",
    "string": "BYTES",
}


@dataclass(frozen=True)
class Given:
    """What the command line says; empty where it says nothing."""

    task: Task | None = None
    classes: Sequence[str] = ()
    features: Sequence[str] = ()
    sample: Sequence[Feature] = ()
    """The columns of the sample."""
    trusts_pickles: bool = False


@dataclass
class Draft:
    """What is known so far."""

    names: Sequence[str] | None = None
    width: int | None = None
    datatypes: dict[str, Datatype] = field(default_factory=dict)
    nullable: bool | None = None
    """True: every input may be missing, as trees have it. None: those of which the sample, or MLflow, says so."""
    may_miss: set[str] = field(default_factory=set)
    task: Task | None = None
    classes: Sequence[str] = ()


def format_of(folder: Path) -> ArtifactFormat:
    """Return the format of what lies in a folder; raises ModelRefused."""
    if (folder / MLMODEL).exists():
        return "MLflow"
    names = [file.name for file in sorted(folder.iterdir()) if file.name not in OWN]
    suffixes: dict[str, ArtifactFormat] = {
        ".onnx": "Onnx",
        ".json": "XGBoost",
        ".ubj": "XGBoost",
        ".txt": "LightGBM",
        ".lgb": "LightGBM",
    }
    found = {suffixes[Path(name).suffix] for name in names if Path(name).suffix in suffixes}
    if len(found) != 1:
        raise ModelRefused(f"which format is it? there is {', '.join(names[:8]) or 'nothing'}: say --format")
    return found.pop()


def signature_of(folder: Path, form: ArtifactFormat, given: Given) -> Signature:
    """Return the signature; raises ModelRefused with the option that is missing."""
    draft = _mlflow(look_inside(folder), given) if form == "MLflow" else _file(model_file(folder, form), form)
    task, classes = given.task or draft.task, [*(given.classes or draft.classes)]
    if task is None:
        raise ModelRefused("the file does not say what it predicts: add --task Regression or BinaryClassification")
    if task != "Regression" and len(classes) < 2:
        raise ModelRefused(
            "the file does not say how many classes there are: add --classes, for example --classes no,yes"
        )
    names = _names(draft, given)
    inputs = [_tensor(name, draft, given) for name in names[:LISTED]]
    label: Datatype = "INT64" if all(_is_whole(word) for word in classes) else "BYTES"
    return Signature(
        inputs=inputs,
        inputs_total=len(names),
        outputs=outputs_of(task, label, len(classes)),
        task=task,
        classes=[] if task == "Regression" or classes == _counted(len(classes)) else classes,
    )


def _file(file: Path, form: ArtifactFormat) -> Draft:
    content = file.read_bytes()
    if form == "Onnx":
        return _onnx(content)
    ensemble = read_ensemble(content, form)
    return Draft(ensemble.names, ensemble.width, nullable=True, task=ensemble.task, classes=_counted(ensemble.classes))


def _onnx(content: bytes) -> Draft:
    from mooring.artifact.compiled.trees import session_of

    session = session_of(content)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    draft = Draft()
    if len(inputs) == 1 and len(inputs[0].shape) == 2 and inputs[0].shape[1] != 1:
        draft.width = inputs[0].shape[1] if isinstance(inputs[0].shape[1], int) else None
        draft.datatypes[""] = _ONNX.get(inputs[0].type, "FP64")
    else:
        draft.names = [node.name for node in inputs]
        draft.datatypes = {node.name: _ONNX.get(node.type, "FP64") for node in inputs}
    labelled = any(node.type in ("tensor(int64)", "tensor(string)") for node in outputs)
    widths = [node.shape[1] for node in outputs if len(node.shape or ()) == 2 and isinstance(node.shape[1], int)]
    if labelled or any(width > 1 for width in widths):
        count = max([width for width in widths if width > 1], default=0)
        draft.task, draft.classes = (
            ("MulticlassClassification" if count > 2 else "BinaryClassification"),
            _counted(count),
        )
    return draft


def _mlflow(inside: Inside, given: Given) -> Draft:
    draft = _sklearn(inside, given) if inside.flavor == "sklearn" else _file(inside.file, _FLAVORS[inside.flavor])
    for column in inside.columns or ():
        draft.datatypes[column.name] = _MLFLOW.get(column.type, "FP64")
        if not column.required:
            draft.may_miss.add(column.name)
    draft.names = draft.names or inside.names
    return draft


def _sklearn(inside: Inside, given: Given) -> Draft:
    from mooring.artifact.brought.estimator import load_pickle, load_skops

    if inside.pickled and not given.trusts_pickles:
        raise ModelRefused(f"{inside.file.name} is a pickle, which runs code when it is loaded: say --trust-pickles")
    estimator = load_pickle(inside.file) if inside.pickled else load_skops(inside.file)
    names = getattr(estimator, "feature_names_in_", None)
    draft = Draft(None if names is None else [str(name) for name in names], getattr(estimator, "n_features_in_", None))
    labels = [str(label) for label in getattr(estimator, "classes_", [])]
    draft.task = ("MulticlassClassification" if len(labels) > 2 else "BinaryClassification") if labels else "Regression"
    draft.classes = labels
    return draft


def _names(draft: Draft, given: Given) -> Sequence[str]:
    names = given.features or draft.names or [feature.name for feature in given.sample]
    if names:
        return names
    if draft.width is None:
        raise ModelRefused("the file does not name its features: add --features a,b,c or --sample FILE")
    return [f"f{index}" for index in range(draft.width)]


def _tensor(name: str, draft: Draft, given: Given) -> InputTensor:
    seen = next((feature for feature in given.sample if feature.name == name), None)
    own = draft.datatypes.get(name) or draft.datatypes.get("")
    missing = draft.nullable or name in draft.may_miss or (seen is not None and seen.nullable)
    # A model that computes with floats may still be sent whole numbers, and then says so when it is not.
    datatype = (
        seen.datatype if seen is not None and own in (None, "FP64") and seen.datatype != "BYTES" else own or "FP64"
    )
    return InputTensor(name=name, datatype=datatype, nullable=True if missing else None)


def _counted(count: int) -> list[str]:
    return [str(index) for index in range(count)]


def _is_whole(word: str) -> bool:
    return word.lstrip("-").isdigit()
