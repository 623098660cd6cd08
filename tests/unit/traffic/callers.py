"""Those who ask for predictions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

PATH = "/v2/models/income/infer"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: Mapping[str, str]


class Caller:
    """Asks over a few connections that stay open."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def ask(
        self, headers: Mapping[str, str] | None = None, path: str = PATH, method: str = "POST", body: bytes = b"{}"
    ) -> Answer:
        async with self._session.request(method, self._url + path, headers=headers, data=body) as answer:
            return Answer(answer.status, await answer.text(), answer.headers)

    async def ask_all(self, requests: Iterable[Mapping[str, str]], path: str = PATH) -> list[Answer]:
        return list(await asyncio.gather(*(self.ask(headers, path) for headers in requests)))

    async def shares(self, count: int) -> Counter[str]:
        """Return how often each arm answered."""
        return Counter(answer.text for answer in await self.ask_all([{}] * count))


@asynccontextmanager
async def caller(url: str) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16)) as session:
        yield Caller(session, url)
