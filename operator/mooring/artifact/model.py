"""Saving and loading the fitted pipeline with skops: no byte of a model can run code that is not on our list.

The list belongs to the loader. One read from the artifact would be the attacker's (mlflow, GHSA-w582-9x45-8mpx).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skops import io as skops

from mooring.artifact.errors import ArtifactMismatch

TRUSTED = (
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""What the estimators of the allow-list hold beyond skops' own list of safe types."""


def save_model(pipeline: Any, file: Path) -> None:
    """Write a fitted scikit-learn Pipeline."""
    skops.dump(pipeline, file)


def load_model(file: Path) -> Any:
    """Return the fitted scikit-learn Pipeline in `file`, whose digest the caller has verified.

    Raises ArtifactMismatch where it holds a type that is not trusted, or cannot be read.
    """
    try:
        untrusted = sorted(set(skops.get_untrusted_types(file=file)) - set(TRUSTED))
        if untrusted:
            raise ArtifactMismatch(f"the model holds types that Mooring does not load: {', '.join(untrusted)}"[:500])
        return skops.load(file, trusted=list(TRUSTED))
    except ArtifactMismatch:
        raise
    except Exception as error:  # whatever a damaged file makes zipfile, json or numpy raise
        raise ArtifactMismatch(f"the model cannot be read: {type(error).__name__}: {error}"[:500]) from error
