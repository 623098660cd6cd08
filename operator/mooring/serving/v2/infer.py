"""The infer endpoint: decode, queue for the model, encode."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import Protocol

from mooring.serving.backends import Answers
from mooring.serving.batch import Batcher, Job, Outcome
from mooring.serving.errors import Rejected, bad_input
from mooring.serving.http import Head, Heads, Request
from mooring.serving.record import Recorder
from mooring.serving.v2.decode import Asked

_log = logging.getLogger(__name__)
_LOG_EVERY_SECONDS = 10.0


class Reads(Protocol):
    """A protocol's request bodies."""

    def decode(self, body: bytes | bytearray, json_size: bytes | None) -> Asked:
        """Return what a body asks; raises Rejected."""


class Writes(Protocol):
    """A protocol's answers."""

    def encode(self, asked: Asked, answers: Answers) -> tuple[Head, bytes]:
        """Return head and body of an answer."""


class InferEndpoint:
    """Answers requests for predictions by one version, in the protocol of its decoder and encoder."""

    def __init__(self, decoder: Reads, batcher: Batcher, encoder: Writes, heads: Heads, recorder: Recorder) -> None:
        self.encoder = encoder
        self.heads = heads
        self.recorder = recorder
        self._decoder = decoder
        self._batcher = batcher
        self._log_again_at = 0.0

    def __call__(self, request: Request) -> None:
        """Decode a request and queue its rows; raises Rejected."""
        started = self.recorder.clock()
        asked = self._decoder.decode(request.body, request.json_size)
        self._batcher.submit(_InferJob(self, request, asked, started))

    def explain(self, error: Exception, request: Request, started: float) -> Rejected:
        """Count rows that the model failed on, and return the answer."""
        if isinstance(error, ValueError):
            # The model answered the golden rows, so it is these values that it cannot compute with.
            problem = bad_input("the model cannot compute with these values: some are too large, or far from its data")
            self.recorder.refused(request, problem)
            return problem
        self.recorder.failed(request, started)
        if time.monotonic() >= self._log_again_at:
            self._log_again_at = time.monotonic() + _LOG_EVERY_SECONDS
            _log.error("the model failed", exc_info=error)
        return Rejected(HTTPStatus.INTERNAL_SERVER_ERROR, "the model failed on valid input; the pod's log says why")


class _InferJob(Job):
    __slots__ = ("_asked", "_endpoint", "_request", "_started")

    def __init__(self, endpoint: InferEndpoint, request: Request, asked: Asked, started: float) -> None:
        self.columns, self.rows = asked.columns, asked.rows
        self._endpoint = endpoint
        self._request = request
        self._asked = asked
        self._started = started

    def deliver(self, outcome: Outcome) -> None:
        """Answer the request; does not raise, since those of other requests come after it."""
        endpoint, request, asked = self._endpoint, self._request, self._asked
        try:
            if isinstance(outcome, Exception):
                raise outcome
            codes = endpoint.recorder.score(request, asked, outcome)
            head, body = endpoint.encoder.encode(asked, outcome)
            endpoint.recorder.answered(request, self._started, asked, codes)
        except Exception as error:
            head, body = endpoint.heads.error(endpoint.explain(error, request, self._started))
        self._request.answer(head, body)
