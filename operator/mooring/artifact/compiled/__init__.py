"""A trained pipeline in a form that needs no scikit-learn: a table for its preprocessing, and its estimator as numbers.

Training writes it and compares it with the pipeline (`mooring.training.compile`); serving answers by it. The pipeline
stays the model: a compiled form that answers otherwise is not shipped, and one that fails at load is passed over.
"""

from mooring.artifact.compiled.few import few_answers
from mooring.artifact.compiled.model import CompiledModel, load_compiled
from mooring.artifact.compiled.table import COMPILED, LEAVES, ONNX, Table

__all__ = ["COMPILED", "LEAVES", "ONNX", "CompiledModel", "Table", "few_answers", "load_compiled"]
