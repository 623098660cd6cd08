"""Tells a deployment the truths of a table, through the endpoint that callers use, each once.

A pod remembers only the last ids that it was told, so what was told in bulk is remembered beside the captured rows:
`told/<day>/<moment>-<number>.keys`, 8 bytes a truth. It is written more often than pods forget.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import orjson
from pydantic import Field

from mooring.api.base import Model
from mooring.artifact.manifest import Scalar
from mooring.artifact.store import Store
from mooring.batch.label.index import Index
from mooring.batch.label.report import Refusals, ToldReport
from mooring.serving.truths import REMEMBERED
from mooring.stats.drift.settings import MOST_MATURE_DAYS
from mooring.training.failure import RunFailed, user_error

AT_ONCE = 1_000
"""Truths of one request: a pod counts them between the predictions of its users, in some ten milliseconds."""
REMEMBER_EVERY = REMEMBERED // 2
ATTEMPTS = 8
LONGEST_PAUSE_SECONDS = 10.0
FILE_LIMIT = 100_000

Post = Callable[[bytes], tuple[int, bytes]]
"""Sends a body to the endpoint and returns status and answer; raises OSError where there is none."""
Truth = tuple[str, int, Scalar]
"""Prediction id, row, truth."""


class _Error(Model):
    index: int
    error: str
    again: bool = False


class _Answer(Model):
    accepted: int
    duplicate: int
    errors: list[_Error] = Field(default_factory=list)


@dataclass(frozen=True)
class Endpoint:
    """Where truths are told."""

    url: str
    key: str | None = None
    seconds: float = 30.0

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Send a body; raises OSError."""
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 (http or https: checked by run)
        try:
            with urllib.request.urlopen(request, timeout=self.seconds) as answer:  # noqa: S310
                return int(answer.status), bytes(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{urlsplit(self.url).netloc} broke off: {error!r}") from None


class Remembered:
    """What was told in bulk, of the days for which truths are told at all."""

    def __init__(self, uri: str, credentials: Mapping[str, str], now: datetime) -> None:
        self._uri = uri.rstrip("/")
        self._credentials = credentials
        self._now = now
        self._number = 0

    def load(self, index: Index) -> None:
        """Tell the index what earlier runs told."""
        first = f"{self._now - timedelta(days=MOST_MATURE_DAYS + 1):%Y-%m-%d}"
        for day in Store(f"{self._uri}/told/", self._credentials).folders():
            if day < first:
                continue
            store = Store(f"{self._uri}/told/{day}/", self._credentials)
            for entry in store.files(limit=FILE_LIMIT):
                index.told_before(array("q", bytes(store.read(entry))))

    def add(self, keys: array[int]) -> None:
        """Remember more."""
        self._number += 1
        store = Store(f"{self._uri}/told/{self._now:%Y-%m-%d}/", self._credentials)
        store.write(f"{self._now:%H%M%S%f}-{self._number:05}.keys", keys.tobytes())


class Teller:
    """Tells truths a thousand at once, and counts what becomes of them."""

    def __init__(
        self, post: Post, index: Index, remembered: Remembered, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._post = post
        self._index = index
        self._remembered = remembered
        self._sleep = sleep
        self._waiting: list[Truth] = []
        self._keys: array[int] = array("q")
        self._counts: Counter[str] = Counter()
        self._example: str | None = None

    @property
    def report(self) -> ToldReport:
        """What the deployment said so far."""
        counts = dict(self._counts)
        refused = Refusals(count=counts.pop("refused", 0), example=self._example)
        return ToldReport.model_validate({**counts, "refused": refused})

    def tell(self, identity: str, row: int, truth: Scalar) -> None:
        """Tell a truth, sooner or later; raises RunFailed where the endpoint cannot be told anything."""
        key = self._index.tell(identity, row)
        if key is None:
            self._counts["before"] += 1
            return
        self._waiting.append((identity, row, truth))
        self._keys.append(key)
        if len(self._waiting) >= AT_ONCE:
            self._send()

    def finish(self) -> None:
        """Tell what is left."""
        self._send()
        self._remember()

    def _send(self) -> None:
        left, self._waiting = self._waiting, []
        for pause in _pauses():
            if not left:
                break
            left = self._told(left)
            if left:
                self._sleep(pause)
        if left:
            message = "the deployment's pods have no room for so many kinds of truths in a few seconds: try again"
            raise RunFailed("Infrastructure", "FeedbackBusy", message)
        if len(self._keys) >= REMEMBER_EVERY:
            self._remember()

    def _told(self, truths: list[Truth]) -> list[Truth]:
        """Tell truths, and return those that are to be told again later."""
        body = orjson.dumps([{"id": identity, "row": row, "truth": truth} for identity, row, truth in truths])
        answer = self._answer(body)
        self._counts.update(accepted=answer.accepted, duplicate=answer.duplicate)
        final = [error for error in answer.errors if not error.again]
        self._counts["refused"] += len(final)
        if final:
            self._example = self._example or final[0].error
        return [truths[error.index] for error in answer.errors if error.again]

    def _answer(self, body: bytes) -> _Answer:
        why = ""
        for pause in _pauses():
            began = time.monotonic()
            try:
                status, answer = self._post(body)
            except OSError as error:
                why = str(error)
            else:
                if status in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST) and b'"accepted"' in answer:
                    self._sleep(time.monotonic() - began)  # half of the pod's time is its users'
                    return _Answer.model_validate_json(answer)
                why = f"it answers {status}: {answer[:300].decode('utf-8', 'replace')}"
                if status not in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
                    raise user_error("FeedbackRefused", f"the deployment takes no truths: {why}")
            self._sleep(pause)
        raise RunFailed("Infrastructure", "FeedbackUnavailable", f"the deployment cannot be told truths: {why}")

    def _remember(self) -> None:
        if self._keys:
            self._remembered.add(self._keys)
            self._keys = array("q")


def _pauses() -> Iterator[float]:
    for attempt in range(ATTEMPTS):
        yield min(LONGEST_PAUSE_SECONDS, 0.5 * 2**attempt)
