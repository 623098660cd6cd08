"""A scikit-learn estimator that a user brought, in skops' format or, where that is allowed, as a pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mooring.api.modelversion import Signature
from mooring.artifact.brought.interface import Found, interface_of
from mooring.artifact.compiled.matrix import Values
from mooring.artifact.errors import ModelRefused
from mooring.artifact.frame import to_frame
from mooring.artifact.model import load_model
from mooring.artifact.predict import Answers, ask


class EstimatorModel:
    """Answers rows by `predict_proba` or `predict`. Not for several threads at once."""

    def __init__(self, estimator: Any, names: Sequence[str] | None, signature: Signature) -> None:
        """Take a fitted estimator; raises ModelRefused where it is not what the record says."""
        wanted = "predict" if signature.task == "Regression" else "predict_proba"
        if not hasattr(estimator, wanted):
            raise ModelRefused(f"{type(estimator).__name__} has no {wanted}, which a {signature.task} needs")
        own = getattr(estimator, "feature_names_in_", None)
        labels = np.asarray(getattr(estimator, "classes_", [])).tolist() if wanted == "predict_proba" else None
        found = Found(
            kind=type(_last(estimator)).__name__,
            names=names if own is None else [str(name) for name in own],
            width=getattr(estimator, "n_features_in_", None),
            labels=labels or None,
        )
        self.interface = interface_of(signature, found)
        self._estimator = estimator
        self._by_name = own is not None

    def ask(self, columns: Sequence[Values]) -> Answers:
        """Return the answers; raises ValueError for values that the model cannot compute with."""
        features = self.interface.features
        names = [feature.name for feature in features]
        frame = to_frame(features, dict(zip(names, columns, strict=True)))
        return ask(self._estimator, self.interface.task, frame if self._by_name else frame.to_numpy())


def load_skops(file: Path) -> Any:
    """Return the estimator of a skops file; raises ModelRefused where it holds types that are not on our list."""
    try:
        return load_model(file)
    except Exception as error:
        raise ModelRefused(str(error)[:500]) from None


def load_pickle(file: Path) -> Any:
    """Return the estimator of a pickle, running whatever code it holds: only where the deployment trusts it."""
    import joblib

    try:
        return joblib.load(file)
    except Exception as error:  # whatever the pickle's own code raises
        reason = f"{type(error).__name__}: {error}"[:300]
        raise ModelRefused(f"{file.name} cannot be unpickled by this image's libraries: {reason}") from None


def _last(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if isinstance(steps, list) and steps else estimator
