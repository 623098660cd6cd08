"""Notes answers that may have to be compared, gives those of a stable pod to its shadows, and fetches theirs as one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from mooring.api.wire import ADMIN_PORT, STABLE_PEERS_VARIABLE
from mooring.ledger.book import Ledger
from mooring.ledger.layout import ROLES
from mooring.serving.backends import Answers
from mooring.serving.errors import Rejected
from mooring.serving.http import Request
from mooring.serving.pods import Pods, exchange
from mooring.serving.shadow import answer, told
from mooring.serving.shadow.pairs import Pairs

if TYPE_CHECKING:
    from mooring.serving.record import Recorder, Scoring

_log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
SHADOW_SECONDS = 60.0
"""Who was not asked as a shadow for so long is none any more."""
_LOG_EVERY_SECONDS = 60.0
_STABLE, _SHADOW = ROLES.index("stable"), ROLES.index("shadow")


@dataclass(frozen=True)
class Stable:
    """Where the stable's pods are asked."""

    host: str
    port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Stable | None:
        """Return it; raises ValueError for a bad one."""
        host, _, port = environment.get(STABLE_PEERS_VARIABLE, "").partition(":")
        if not host:
            return None
        if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
            raise ValueError(f"{STABLE_PEERS_VARIABLE} has the port {port!r}; expected host or host:port")
        return cls(host, int(port or ADMIN_PORT))


class Watch:
    """One version's side of the comparison: as a stable it is asked for its answers, as a shadow it asks."""

    def __init__(
        self,
        key: bytes,
        ledger: Ledger,
        scoring: Scoring,
        stable: Stable | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pairs = Pairs()
        self._told = told.Told()
        self._ledger = ledger
        self._scoring = scoring
        self._stable = stable
        self._pods = Pods(stable.host) if stable else None
        self._keyed = blake2b(key=key, digest_size=8, person=b"mooring-pairs")
        self._token = b"Bearer " + blake2b(key=key, digest_size=16, person=b"mooring-answers").hexdigest().encode()
        self._now = now
        self._shadowed_at = float("-inf")
        self._seen: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None
        self._log_again_at = float("-inf")

    def attach(self, recorder: Recorder) -> None:
        """Hear of answers where they may be wanted: until somebody asks, a stable's are not, and cost nothing."""
        self._recorder = recorder
        if self._stable is not None:
            recorder.watch = self

    def answered(self, role: int, request: Request, answers: Answers) -> None:
        """Note the model's answers."""
        if self._wanted(role):
            scoring = self._scoring
            if scoring.label is None:
                short = answer.of_values(cast("Sequence[float]", answers[scoring.score]))
            else:
                short = answer.of_labels(answers[scoring.label])
            self._note(role, request, short)

    def refused(self, role: int, request: Request, outcome: bytes) -> None:
        """Note that the answer was `answer.REFUSED` or `answer.FAILED`."""
        if self._wanted(role):
            self._note(role, request, outcome)

    def document(self, authorization: bytes, since: int) -> bytes:
        """Return the last answers to a pod that shows the deployment's key, and keep more; raises Rejected (401)."""
        if not compare_digest(authorization, self._token):
            raise Rejected(HTTPStatus.UNAUTHORIZED, "only pods that share MOORING_ID_KEY are told answers")
        self._recorder.watch = self
        return self._told.since(since, self._now())

    def _wanted(self, role: int) -> bool:
        if role == _SHADOW:
            return self._stable is not None
        if self._told.wanted(self._now()):
            return role == _STABLE
        if self._stable is None:
            self._recorder.watch = None
        return False

    def _note(self, role: int, request: Request, short: bytes) -> None:
        identity = request.headers.get(b"x-request-id")
        if not identity:
            return
        # With the body: an id that a caller gives twice then pairs equal requests only.
        keyed = self._keyed.copy()
        keyed.update(b"%d:%b" % (len(identity), identity))
        keyed.update(request.body)
        key = int.from_bytes(keyed.digest(), "little")
        if role == _STABLE:
            self._told.add(key, short)
            return
        self._shadowed_at = self._now()
        self.pairs.mine(key, short, self._shadowed_at)
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        while self._now() - self._shadowed_at < SHADOW_SECONDS:
            await self._ask()
            await asyncio.sleep(EVERY_SECONDS)

    async def _ask(self) -> None:
        assert self._pods is not None  # noqa: S101 (who follows has a stable)
        await asyncio.gather(*map(self._ask_one, await self._pods.addresses()))
        for mine, theirs in self.pairs.matched(self._now()):
            self._ledger.compare(_SHADOW, disagrees=answer.differ(mine, theirs, self._scoring.scale))

    async def _ask_one(self, address: str) -> None:
        assert self._stable is not None  # noqa: S101 (who follows has a stable)
        lines = [f"GET {told.PATH}?since={self._seen.get(address, 0)} HTTP/1.1", "host: peer", "connection: close"]
        asked = "\r\n".join(lines).encode() + b"\r\nauthorization: " + self._token + b"\r\n\r\n"
        try:
            status, document = await exchange(address, self._stable.port, asked, told.MAX_DOCUMENT_BYTES + 4096)
            if status != HTTPStatus.OK:
                raise ConnectionError(f"it answered {status}")
            self._seen[address], answers = told.read(document)
            self.pairs.theirs(answers, self._now())
        except (OSError, ValueError) as error:
            if self._now() >= self._log_again_at:
                self._log_again_at = self._now() + _LOG_EVERY_SECONDS
                _log.warning("the stable's answers cannot be fetched from %s: %s", address, error)
