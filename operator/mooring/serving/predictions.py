"""The answer that V1 and MLflow have in common: {"predictions": one value a row, "prediction_id"}.

Their own clients read `predictions` and pass over what stands beside it.
"""

from __future__ import annotations

import orjson

from mooring.serving.backends import Answers
from mooring.serving.http import Head, Heads
from mooring.serving.v2.decode import Asked


class PredictionsEncoder:
    """Writes the one output that was asked for."""

    def __init__(self, heads: Heads) -> None:
        self._head = heads.get()

    def encode(self, asked: Asked, answers: Answers) -> tuple[Head, bytes]:
        """Return head and body of an answer."""
        body: dict[str, object] = {"predictions": answers[asked.outputs[0].index]}
        if asked.prediction_id is not None:
            body["prediction_id"] = asked.prediction_id
        return self._head, orjson.dumps(body)
