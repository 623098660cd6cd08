"""Compiling a fitted pipeline: exported, compared with the pipeline, and shipped only where it answers alike.

`columns`, `estimators` and `nodes` read the pipeline out, `rows` and `certify` compare.
"""

from mooring.training.compile.certify import Limits
from mooring.training.compile.export import Outcome, compile_into

__all__ = ["Limits", "Outcome", "compile_into"]
