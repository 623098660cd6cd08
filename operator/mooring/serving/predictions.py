"""The answer that V1 and MLflow have in common: {"predictions": one value a row}."""

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
        return self._head, orjson.dumps({"predictions": answers[asked.outputs[0].index]})
