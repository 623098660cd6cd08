"""Asking serving pods for their ledgers, on their admin port: one answer a pod and round."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp

from mooring.api.wire import ADMIN_PORT
from mooring.ledger.fold import Folded
from mooring.ledger.interval import Reading
from mooring.ledger.profile import Profile
from mooring.ledger.wire import decode
from mooring.reconcile.plan import LABEL_ARM, Object

TIMEOUT_SECONDS = 3.0
"""A pod answers from memory; one that does not is not waited for, or the others' slots would be late."""
MAX_BYTES = 16 << 20
"""Two hours of a model with hundreds of features fit; more is a pod that does not tell the truth."""

JUDGE = "judge"
"""Who reads while versions are compared."""


class UnreadableError(Exception):
    """A pod's ledger could not be read now. The message says why."""


@dataclass(frozen=True)
class Address:
    """Where a pod answers the operator."""

    pod: str
    ip: str
    port: int = ADMIN_PORT

    @property
    def url(self) -> str:
        """Return the admin port's address."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{self.port}"

    @property
    def hostname(self) -> str:
        """Return what the pod knows of its name: Kubernetes cuts it."""
        return self.pod[:63].rstrip("-.")


def address_of(pod: Object) -> Address | None:
    """Return where a pod answers, if it has an address yet."""
    ip = (pod.get("status") or {}).get("podIP")
    return Address(pod["metadata"]["name"], ip) if ip else None


def arm_of(pod: Object) -> str:
    """Return the arm that a pod belongs to, or nothing."""
    return str((pod["metadata"].get("labels") or {}).get(LABEL_ARM, ""))


class PodReader:
    """Reads ledgers; at most `concurrency` at a time."""

    def __init__(self, concurrency: int = 16) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(concurrency)

    @property
    def session(self) -> aiohttp.ClientSession:
        """Return the connections, which may be used to ask other things of pods."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ledger(self, address: Address, since: int, reader: str = JUDGE) -> Reading:
        """Return the sealed intervals after a number; raises UnreadableError.

        `reader`: a pod that ends waits until each who reads it has had its last word.
        """
        query = f"format=binary&since={since}&reader={quote(reader, safe='')}"
        try:
            reading = decode(await self._get(f"{address.url}/mooring/ledger?{query}"))
        except ValueError as error:
            raise UnreadableError(f"pod {address.pod}: {error}") from error
        if reading.stream.pod != address.hostname:
            raise UnreadableError(f"pod {address.pod} answers as {reading.stream.pod}")
        return reading

    async def ask(self, folded: Folded, address: Address, reader: str = JUDGE) -> Reading:
        """Return what a pod has sealed since it was read last, whichever life it is in; raises UnreadableError."""
        known = {key[1]: taken for key, taken in folded.streams.items() if key[0] == address.hostname}
        latest = max(known, key=lambda life: known[life].seen_at, default="")
        reading = await self.ledger(address, folded.since(address.hostname, latest), reader)
        if reading.stream.incarnation != latest and latest:  # its numbers began again
            since = folded.since(address.hostname, reading.stream.incarnation)
            reading = await self.ledger(address, since, reader)
        return reading

    async def profile(self, address: Address) -> Profile | None:
        """Return the reference of a pod's version, None where it came without one; raises UnreadableError."""
        body = await self._get(f"{address.url}/mooring/profile", missing=b"")
        try:
            return Profile.model_validate_json(body) if body else None
        except ValueError as error:
            raise UnreadableError(f"pod {address.pod} tells a profile that makes no sense: {error}"[:300]) from error

    async def _get(self, url: str, missing: bytes | None = None) -> bytes:
        """Return a bounded body; `missing` where there is nothing, if that is an answer."""
        try:
            async with self._slots, self.session.get(url) as response:
                if response.status == 404 and missing is not None:
                    return missing
                if response.status != 200:
                    raise UnreadableError(f"{url} answered {response.status}")
                body = await response.content.read(MAX_BYTES + 1)
                while len(body) <= MAX_BYTES and (more := await response.content.read(MAX_BYTES + 1 - len(body))):
                    body += more
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnreadableError(f"{url}: {error or type(error).__name__}") from error
        if len(body) > MAX_BYTES:
            raise UnreadableError(f"{url} answered more than {MAX_BYTES} bytes")
        return body
