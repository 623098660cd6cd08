"""Models that users bring: read from their own files, and answered in the same way as those that Mooring trained.

`xgboost` (with `ubjson`) and `lightgbm` read trees out of those libraries' files, without the libraries; `onnx` asks
ONNX files; `mlflow` finds the model inside of an MLflow folder. `interface` compares what was found with the record.
Nobody is trusted: every file is bounded, every index is checked, and whatever is wrong is a ModelRefused that names the
place. The caller has verified the digest.
"""

from mooring.artifact.brought.interface import check_probabilities
from mooring.artifact.brought.model import Brought, read_brought

__all__ = ["Brought", "check_probabilities", "read_brought"]
