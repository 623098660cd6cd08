"""What the record says of a model that was brought, compared with what its file says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mooring.api.modelversion import Signature
from mooring.api.trainingjob import Task
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import Feature, Interface, Scalar
from mooring.artifact.predict import LABEL, PREDICTION, PROBABILITY, Answers

_SUM_TOLERANCE = 1e-3
_OUTPUTS = {PROBABILITY: "FP64", PREDICTION: "FP64"}


@dataclass(frozen=True)
class Found:
    """What a model's file says of itself, as far as it does."""

    kind: str
    """What made it, for people."""
    names: Sequence[str] | None = None
    """Of the features, in their order."""
    numbers: bool = False
    """Whether every feature is a number that may be missing, as trees have it."""
    width: int | None = None
    """How many features there are."""
    task: Task | None = None
    classes: int | None = None
    """How many classes there are."""
    labels: Sequence[object] | None = None
    """Their values."""


def interface_of(signature: Signature, found: Found) -> Interface:
    """Return what the server must know; raises ModelRefused where the record and the file differ."""
    features = _features(signature, found)
    if found.task is not None and found.task != signature.task:
        raise ModelRefused(f"signature.task is {signature.task}, and {found.kind} makes a {found.task}")
    _check_outputs(signature)
    if signature.task == "Regression":
        if signature.classes:
            raise ModelRefused("signature.classes is set, and a Regression has none: leave it out")
        return Interface(task="Regression", estimator=found.kind, features=features, outputs=signature.outputs)
    classes = _classes(signature, found)
    return Interface(
        task=signature.task,
        estimator=found.kind,
        features=features,
        outputs=signature.outputs,
        classes=classes,
        positive_class=classes[1] if len(classes) == 2 else None,
    )


def only_numbers(interface: Interface) -> None:
    """Raise ModelRefused for a feature that is text, to a model that reads numbers only."""
    for feature in interface.features:
        if feature.datatype == "BYTES":
            raise ModelRefused(f"input {feature.name!r} is BYTES, and {interface.estimator} reads numbers")


def check_probabilities(answers: Answers) -> None:
    """Raise ModelRefused for numbers that are no probabilities: logits, say."""
    found = answers.probability
    if not len(found):
        return
    sums = found.sum(axis=1)
    if not ((found >= -_SUM_TOLERANCE).all() and (np.abs(sums - 1.0) <= _SUM_TOLERANCE).all()):
        shown = ", ".join(f"{value:.3g}" for value in found[0][:4])
        raise ModelRefused(f"it answers {shown}, which are no probabilities: end the model in a softmax or sigmoid")


def _features(signature: Signature, found: Found) -> list[Feature]:
    features = [
        Feature(name=tensor.name, datatype=tensor.datatype, nullable=bool(tensor.nullable))
        for tensor in signature.inputs
    ]
    total, given = signature.inputs_total, [feature.name for feature in features]
    if len(set(given)) < len(given):
        raise ModelRefused("signature.inputs names an input twice")
    if found.width is not None and found.width != total:
        raise ModelRefused(f"signature.inputsTotal is {total}, and the model reads {found.width} features")
    if found.names is not None and given != list(found.names[: len(given)]):
        at = next(index for index, name in enumerate(given) if [name] != list(found.names[index : index + 1]))
        named = repr(found.names[at]) if at < len(found.names) else "nothing"
        raise ModelRefused(f"signature.inputs[{at}] is {given[at]!r}, and the model has {named} there")
    if len(features) > total:
        raise ModelRefused(f"signature.inputsTotal is {total}, and {len(features)} inputs are listed")
    if len(features) < total:
        if found.names is None or not found.numbers:
            why = "names none" if found.names is None else f"({found.kind}) does not say their datatypes"
            raise ModelRefused(
                f"signature.inputs lists {len(features)} of {total} inputs, and the model's file {why}: "
                "list all of them; more than 64 are served of XGBoost and LightGBM alone, from files with names"
            )
        features += [Feature(name=name, datatype="FP64", nullable=True) for name in found.names[len(features) :]]
    return features


def _check_outputs(signature: Signature) -> None:
    wanted = {PREDICTION} if signature.task == "Regression" else {PROBABILITY, LABEL}
    names = [output.name for output in signature.outputs]
    if set(names) != wanted or len(names) != len(wanted):
        raise ModelRefused(f"signature.outputs are {names}; a {signature.task} has {' and '.join(sorted(wanted))}")
    for output in signature.outputs:
        if output.datatype != _OUTPUTS.get(output.name, output.datatype):
            raise ModelRefused(f"signature.outputs: {output.name} is {output.datatype}; write FP64")


def _classes(signature: Signature, found: Found) -> list[Scalar]:
    shapes = {output.name: list(output.shape) for output in signature.outputs}
    count = shapes[PROBABILITY][-1]
    if shapes != {PROBABILITY: [-1, count], LABEL: [-1]} or count < 2:
        raise ModelRefused("signature.outputs: write shape [-1, CLASSES] for probability and [-1] for label")
    if (signature.task == "BinaryClassification") != (count == 2):
        raise ModelRefused(f"signature.task is {signature.task}, and probability has {count} columns")
    if found.classes is not None and found.classes != count:
        raise ModelRefused(f"signature.outputs: probability has {count} columns, and the model {found.classes} classes")
    words = signature.classes or [str(index) for index in range(count)]
    if len(words) != count or len(set(words)) != count:
        raise ModelRefused(f"signature.classes has {len(words)} values for {count} columns of probability")
    datatype = next(output.datatype for output in signature.outputs if output.name == LABEL)
    classes = [_label(word, datatype) for word in words]
    if found.labels is not None and list(found.labels) != classes:
        raise ModelRefused(f"signature.classes are {_listed(classes)}, and those of the model {_listed(found.labels)}")
    return classes


def _label(word: str, datatype: str) -> Scalar:
    try:
        if datatype == "BYTES":
            return word
        if datatype == "BOOL":
            return {"0": False, "1": True, "false": False, "true": True}[word.lower()]
        return int(word) if datatype == "INT64" else float(word)
    except (ValueError, KeyError):
        raise ModelRefused(f"signature.classes has {word!r}, and the output label is {datatype}") from None


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(repr, values[:8])) + (", …" if len(values) > 8 else "")
