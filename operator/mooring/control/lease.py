"""Leader election by a Lease: at most one process writes.

Whether a lease has run out is judged by how long *we* have seen it unchanged on our own monotonic clock; the holder's
clock is never compared with ours. A process that cannot renew stops trusting its lease well before others may take
it, and then ends at once: what is half done is finished by the next leader, as after any crash.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from mooring.control.errors import ApiError, ConflictError, LeaseLostError
from mooring.reconcile.plan import Object

logger = logging.getLogger(__name__)


class LeaseApi(Protocol):
    """What an election needs of the API."""

    async def read(self) -> Object | None:
        """Return the Lease, or None where there is none."""

    async def create(self, spec: Object) -> Object:
        """Create the Lease, or raise Conflict."""

    async def replace(self, lease: Object, spec: Object) -> Object:
        """Replace the Lease as it was read, or raise Conflict where it changed meanwhile."""


@dataclass(frozen=True)
class Durations:
    """In seconds. Others may take the lease `lease` after its last renewal; we give up after `deadline`."""

    lease: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0

    @classmethod
    def of(cls, lease: float) -> Durations:
        """Return durations in the usual proportion to a lease."""
        return cls(lease, lease * 2 / 3, lease * 2 / 15)


class Election:
    """One candidate."""

    def __init__(
        self,
        api: LeaseApi,
        identity: str,
        durations: Durations,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._identity = identity
        self._durations = durations
        self._clock = clock
        self._seen: Object | None = None
        self._seen_at = 0.0
        self._renewed_at: float | None = None

    @property
    def holds(self) -> bool:
        """Whether we may write now."""
        return self._renewed_at is not None and self._clock() - self._renewed_at < self._durations.deadline

    async def acquire(self) -> None:
        """Wait until we lead."""
        said = None
        while not await self._attempt():
            holder = _holder(self._seen)
            if holder != said:
                logger.info("standing by: another process leads", extra={"holder": holder})
                said = holder
            await asyncio.sleep(self._durations.retry)
        logger.info("leading", extra={"identity": self._identity})

    async def keep(self) -> None:
        """Renew for as long as possible.

        Raises:
            LeaseLostError: we may no longer write.

        """
        while True:
            await asyncio.sleep(self._durations.retry)
            if not await self._attempt() and not self.holds:
                raise LeaseLostError(f"the lease could not be renewed; holder is {_holder(self._seen)}")

    async def release(self) -> None:
        """Let the next process lead at once. Failure only makes it wait."""
        if not self.holds or self._seen is None:
            return
        self._renewed_at = None
        try:
            await self._api.replace(
                self._seen, {**self._spec(self._seen), "holderIdentity": "", "leaseDurationSeconds": 1}
            )
        except ApiError as error:
            logger.warning("the lease could not be released: the next leader waits", extra={"reason": str(error)})

    async def _attempt(self) -> bool:
        """Try once to take or renew; return whether it worked. Anything unclear counts as no.

        Raises:
            LeaseLostError: we led, and somebody else does now.

        """
        began = self._clock()
        try:
            async with asyncio.timeout(self._durations.deadline / 2):
                lease = await self._take()
        except ConflictError:
            return False  # another candidate was faster, or our own last write arrived after all: read again
        except (ApiError, TimeoutError) as error:
            logger.warning("the lease cannot be read or written now", extra={"reason": str(error) or "timeout"})
            return False
        if lease is None:
            if self._renewed_at is not None:
                self._renewed_at = None
                raise LeaseLostError(f"{_holder(self._seen)} holds the lease")
            return False
        self._note(lease)
        self._renewed_at = began  # the server's stamp is later than this, so others wait longer than we trust it
        return True

    async def _take(self) -> Object | None:
        found = await self._api.read()
        if found is None:
            return await self._api.create(self._spec(None))
        self._note(found)
        if _holder(found) not in ("", self._identity) and not self._ran_out(found):
            return None
        return await self._api.replace(found, self._spec(found))

    def _note(self, lease: Object) -> None:
        """Remember when we first saw this state of the lease."""
        if self._seen is None or lease["spec"] != self._seen["spec"]:
            self._seen_at = self._clock()
        self._seen = lease

    def _ran_out(self, lease: Object) -> bool:
        promised = float(lease["spec"].get("leaseDurationSeconds") or self._durations.lease)
        return self._clock() - self._seen_at > promised

    def _spec(self, lease: Object | None) -> dict[str, Any]:
        """Return the spec that says that we lead, with the times that people read."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        old: Object = lease["spec"] if lease is not None else {}
        ours = old.get("holderIdentity") == self._identity
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": max(1, round(self._durations.lease)),
            "acquireTime": old.get("acquireTime", now) if ours else now,
            "renewTime": now,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (0 if ours or not old else 1),
        }


def _holder(lease: Object | None) -> str:
    return str((lease or {}).get("spec", {}).get("holderIdentity") or "")
