"""The feedback endpoint: what became of predictions, told by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

import orjson

from mooring.ledger.layout import ROLES
from mooring.serving.body import read_json
from mooring.serving.capture import Capture
from mooring.serving.errors import Rejected, bad_input, shown, too_large
from mooring.serving.http import Heads, Request
from mooring.serving.ids import Ids, NotOurs, Prediction
from mooring.serving.peers import Peers
from mooring.serving.truths import CannotCount, Truths

MAX_TRUTHS = 10_000
"""In one request."""
_STABLE = ROLES.index("stable")
_FORWARDED = b"x-mooring-forwarded"


@dataclass(frozen=True)
class Told:
    """One truth of a request."""

    place: int
    """In the request, from 0."""
    id: str
    row: int
    truth: object


@dataclass
class Answer:
    """What became of a request's truths."""

    accepted: int = 0
    duplicate: int = 0
    errors: list[dict[str, object]] = field(default_factory=list)

    def refuse(self, place: int, why: str, *, again: bool = False) -> None:
        """Say why a truth is not counted, and whether it can be told again later."""
        self.errors.append({"index": place, "error": why} | ({"again": True} if again else {}))

    def to_json(self) -> dict[str, object]:
        """Return the body."""
        found: dict[str, object] = {
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "refused": len(self.errors),
        }
        if self.errors:
            found["errors"] = sorted(self.errors, key=lambda error: int(str(error["index"])))
            found["error"] = str(self.errors[0]["error"])
        return found


class FeedbackEndpoint:
    """Answers `POST /v2/models/M/feedback` with {"id", "row", "truth"} or a list of them.

    Without `row`, a list as `truth` has a truth for each row (null: not known yet), and anything else is row 0's.
    200 if any truth was counted or known; 400 if none was, with the first reason.
    """

    def __init__(
        self, path: str, ids: Ids, truths: Truths, heads: Heads, peers: Peers | None, capture: Capture | None = None
    ) -> None:
        self.path = path
        self._capture = capture
        self._ids = ids
        self._truths = truths
        self._heads = heads
        self._peers = peers
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, request: Request) -> None:
        """Count the truths of a request, or send them to the pods that remember them."""
        try:
            told = read_json(request.body, _read)
        except Rejected as problem:
            # Not raised: it is no request for a prediction, and is not counted as one.
            self._truths.ledger.feedback(_STABLE, "refused")
            request.answer(*self._heads.error(problem))
            return
        if self._peers is None or _FORWARDED in request.headers:
            answer = Answer()
            self._count(told, answer)
            self._write(request, answer)
            return
        task = asyncio.ensure_future(self._spread(request, told, self._peers))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _count(self, told: Sequence[Told], answer: Answer) -> None:
        for one in told:
            try:
                prediction = self._ids.read(one.id, one.row)
                result = self._truths.tell(prediction, one.truth)
            except (NotOurs, CannotCount) as problem:
                self._truths.ledger.feedback(_STABLE, "refused")
                answer.refuse(one.place, str(problem), again=isinstance(problem, CannotCount) and problem.again)
            else:
                setattr(answer, result, getattr(answer, result) + 1)
                if self._capture is not None and prediction.captured and result == "accepted":
                    self._capture.told(one.id, one.row, one.truth)

    async def _spread(self, request: Request, told: Sequence[Told], peers: Peers) -> None:
        answer = Answer()
        here: list[Told] = []
        there: dict[str, list[Told]] = {}
        for one in told:
            prediction = self._read(one)
            owner = None if prediction is None else await peers.elsewhere(prediction.key[0].to_bytes(8, "little"))
            (here if owner is None else there.setdefault(owner, [])).append(one)
        given_back = await asyncio.gather(*(self._forward(request, *pair, answer, peers) for pair in there.items()))
        for back in given_back:
            here += back
        self._count(here, answer)
        self._write(request, answer)

    def _read(self, one: Told) -> Prediction | None:
        try:
            return self._ids.read(one.id, one.row)
        except NotOurs:
            return None

    async def _forward(
        self, request: Request, address: str, told: list[Told], answer: Answer, peers: Peers
    ) -> list[Told]:
        """Hand truths to their owner; return them if it cannot be reached: counted twice is better than not at all."""
        body = orjson.dumps([{"id": one.id, "row": one.row, "truth": one.truth} for one in told])
        try:
            found = orjson.loads(await peers.tell(address, self.path, body, request.authorization))
            accepted, duplicate = int(found["accepted"]), int(found["duplicate"])
            errors = [
                (told[error["index"]].place, str(error["error"]), bool(error.get("again")))
                for error in found.get("errors", ())
            ]
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return told
        answer.accepted += accepted
        answer.duplicate += duplicate
        for place, why, again in errors:
            answer.refuse(place, why, again=again)
        return []

    def _write(self, request: Request, answer: Answer) -> None:
        counted = answer.accepted + answer.duplicate
        status = HTTPStatus.OK if counted or not answer.errors else HTTPStatus.BAD_REQUEST
        request.answer(self._heads.get(status), orjson.dumps(answer.to_json()))


def _read(sent: object) -> list[Told]:
    items = sent if isinstance(sent, list) else [sent]
    if not items:
        raise bad_input('the list is empty; expected objects with "id" and "truth"')
    told = [one for place, item in enumerate(items) for one in _told(place, item)]
    if len(told) > MAX_TRUTHS:
        raise too_large(f"{len(told)} truths are more than {MAX_TRUTHS}: tell fewer at once")
    return told


def _told(place: int, item: object) -> list[Told]:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or "truth" not in item:
        raise bad_input(f'feedback {place} is {shown(item)}; expected an object with "id" (a string) and "truth"')
    make = partial(Told, place, item["id"])
    row, truth = item.get("row"), item["truth"]
    if row is None and isinstance(truth, list):
        return [make(number, value) for number, value in enumerate(truth) if value is not None]
    if row is not None and (not isinstance(row, int) or isinstance(row, bool)):
        raise bad_input(f"feedback {place}: row is {shown(row)}; expected a whole number from 0")
    return [make(row or 0, truth)]
