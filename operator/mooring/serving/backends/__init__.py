"""What computes the answers: a compiled model, or scikit-learn's pipeline as it was trained.

Neither library is imported before `choose` has decided that it is needed.
"""

from mooring.serving.backends.base import Answers, AnswersFew, Backend, Column, Output, Scalar, Values
from mooring.serving.backends.choose import SKLEARN, Chosen, choose
from mooring.serving.backends.golden import check_golden, golden_columns

__all__ = [
    "SKLEARN",
    "Answers",
    "AnswersFew",
    "Backend",
    "Chosen",
    "Column",
    "Output",
    "Scalar",
    "Values",
    "check_golden",
    "choose",
    "golden_columns",
]
