"""What serving knows of capture: what to keep of a request, what to keep of a truth, and the begin and the end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mooring.api.wire import CAPTURE_PREFIX, ServeOrder
from mooring.artifact.location import credentials_from_env
from mooring.artifact.manifest import Interface
from mooring.artifact.store import Store
from mooring.serving.backends import Answers
from mooring.serving.capture.part import ENDING, Encoder, head_of
from mooring.serving.capture.sample import Sampler
from mooring.serving.capture.waiting import Item, Predicted, Told, Waiting
from mooring.serving.capture.writer import EVERY_SECONDS, Part, Put, Writer
from mooring.serving.http import Request
from mooring.serving.ids import MAX_ROWS
from mooring.serving.metrics import Labels, Metric
from mooring.serving.record import Scoring
from mooring.serving.v2.decode import Asked

_REQUEST_BYTES = 512
"""What a kept request weighs beside its values."""


@dataclass(frozen=True)
class Pod:
    """Whose rows are kept, and by whom."""

    order: ServeOrder
    interface: Interface
    name: str


class Capture:
    """Keeps a sample of one version's requests, and the truths of those that any version kept."""

    def __init__(
        self,
        sampler: Sampler,
        encoder: Encoder,
        put: Put,
        pod: str,
        *,
        every: float = EVERY_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sampler = sampler
        self._encoder = encoder
        self._name = f"{pod}-{secrets.token_hex(4)}"
        self._now = now
        self.waiting = Waiting()
        self.writer = Writer(self.waiting, self._parts, put, every=every)

    @classmethod
    def of(cls, pod: Pod, key: bytes, scoring: Scoring, environment: Mapping[str, str]) -> Capture | None:
        """Return it as the order wants it, None where no row is to be kept."""
        order = pod.order
        if order.capture is None:
            return None
        head = head_of(
            pod.interface, model=order.model, version=order.version, digest=order.artifact.digest, pod=pod.name
        )
        put = _puts(order.capture.uri, credentials_from_env(CAPTURE_PREFIX, environment))
        return cls(Sampler(key, order.capture.per_mille), Encoder(head, scoring), put, pod.name)

    def wants(self, request: Request, asked: Asked) -> bool:
        """Return whether to keep a request: the same for its copies and its repetitions."""
        identity = asked.id.encode() if asked.id is not None else b""
        if not identity and request.headers:
            identity = request.headers.get(b"x-request-id", b"")
        return self._sampler.keeps(identity, request.body)

    def keep(self, role: int, request: Request, asked: Asked, answers: Answers) -> None:
        """Keep references of a request that is answered."""
        assert asked.prediction_id is not None  # noqa: S101 (it was just made)
        columns, rows = asked.columns, asked.rows
        # Texts weigh their own bytes, which are the body's, and an object; numbers are packed; answers are objects.
        values = len(columns.numbers) + 57 * columns.kinds.texts * rows + 32 * sum(map(len, answers))
        weight = _REQUEST_BYTES + values + len(request.body)
        kept = min(rows, MAX_ROWS)
        self._add(Predicted(asked.prediction_id, asked.id, role, self._now(), columns, answers, kept, weight))

    def told(self, identity: str, row: int, truth: object) -> None:
        """Keep a truth of a prediction that was kept."""
        self._add(Told(identity, row, truth, self._now()))

    def metrics(self, labels: Labels) -> list[Metric]:
        """Return what became of rows and truths."""
        kinds = {"row": self.waiting.tallies[Predicted], "truth": self.waiting.tallies[Told]}
        results = [
            ({**labels, "kind": kind, "result": result}, getattr(tally, result))
            for kind, tally in kinds.items()
            for result in ("written", "dropped")
        ]
        writer, waiting = self.writer, self.waiting.rows
        return [
            Metric("mooring_captured_total", "counter", "Captured rows and truths by what became of them.", results),
            Metric("mooring_captured_waiting", "gauge", "Those that wait for the writer.", [(labels, waiting)]),
            Metric("mooring_captured_parts_total", "counter", "Files of them.", [(labels, writer.parts)]),
            Metric("mooring_captured_bytes_total", "counter", "Bytes of those files.", [(labels, writer.bytes)]),
        ]

    def _add(self, item: Item) -> None:
        self.waiting.add(item)
        self.writer.added()

    def _parts(self, items: Sequence[Item], number: int) -> list[Part]:
        rows = [item for item in items if isinstance(item, Predicted)]
        truths = [item for item in items if isinstance(item, Told)]
        tallies = self.waiting.tallies
        found = []
        if rows:
            content = self._encoder.rows(rows)
            path = self._path("rows", rows[0].at, number)
            found.append(Part(path, content, sum(item.rows for item in rows), tallies[Predicted]))
        if truths:
            path = self._path("truths", truths[0].at, number)
            found.append(Part(path, self._encoder.truths(truths), len(truths), tallies[Told]))
        return found

    def _path(self, kind: str, at: float, number: int) -> str:
        moment = datetime.fromtimestamp(at, UTC)
        return f"parts/{moment:%Y-%m-%d}/{kind}-{moment:%H%M%S}-{self._name}-{number:05}{ENDING}"


def _puts(uri: str, credentials: Mapping[str, str]) -> Put:
    # Opened by the first part: an address that is wrong shall be told there, and keep no pod from serving.
    opened: list[Store] = []

    def put(path: str, content: bytes) -> None:
        if not opened:
            opened.append(Store(uri.rstrip("/") + "/", credentials))
        opened[0].write(path, content)

    return put
