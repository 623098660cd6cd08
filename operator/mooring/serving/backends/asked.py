"""A model that a user brought and that is no table of ours: an ONNX file, a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.artifact.asks import Asks
from mooring.artifact.manifest import Interface
from mooring.serving.backends.base import Column, Output, Outputs


class AskedBackend:
    """It asks the model as it is."""

    def __init__(self, model: Asks, interface: Interface) -> None:
        self._model = model
        self._outputs = Outputs(interface)

    def predict(self, columns: Sequence[Column]) -> list[Output]:
        """Return the outputs."""
        return self._outputs.of(self._model.ask(list(columns)))
