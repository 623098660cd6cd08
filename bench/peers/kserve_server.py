"""KServe's server of scikit-learn models, which its package does not hold: the few lines of its own sklearnserver.

Runs in KServe's environment: python kserve_server.py <pickle> <KServe's own arguments>.
"""

import sys

import joblib
from kserve import Model, ModelServer
from kserve.utils.utils import get_predict_input, get_predict_response


class Sklearn(Model):  # type: ignore[misc]  # its package is not in this environment
    """Answers V1 and V2 by the estimator's predict."""

    def __init__(self, name: str, file: str) -> None:
        super().__init__(name)
        self._estimator = joblib.load(file)
        self.ready = True

    def predict(self, payload: object, headers: object = None, response_headers: object = None) -> object:
        """Return the labels."""
        return get_predict_response(payload, self._estimator.predict(get_predict_input(payload)), self.name)


if __name__ == "__main__":
    file = sys.argv.pop(1)
    ModelServer().start([Sklearn("model", file)])
