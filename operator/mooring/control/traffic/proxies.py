"""Reading Envoy pods. Only GETs, of a listener that answers nothing else; an answer may be wrong, but costs no time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import aiohttp
from yarl import URL

from mooring.reconcile.traffic.counts import Reading
from mooring.reconcile.traffic.envoy.names import OPS_PORT
from mooring.reconcile.traffic.envoy.reading import ROUTES_PATH, STATS_PATH, read

logger = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=2.0)
_MOST_BYTES = 4 * 1024 * 1024


async def read_all(
    session: aiohttp.ClientSession, addresses: Mapping[str, str], port: int = OPS_PORT
) -> Mapping[str, Reading | None]:
    """Return a reading of each Envoy by the name of its pod, asked at the same time; None where it did not answer.

    `addresses` are those of pods, by their names.
    """
    readings = await asyncio.gather(*(_or_none(session, name, address, port) for name, address in addresses.items()))
    return dict(zip(addresses, readings, strict=True))


async def read_one(session: aiohttp.ClientSession, address: str, port: int = OPS_PORT) -> Reading:
    """Return what one Envoy says.

    Raises aiohttp.ClientError, TimeoutError or OSError where it cannot be asked, and ValueError where no Envoy of ours
    answers.
    """
    host = f"[{address}]" if ":" in address else address
    paths = (STATS_PATH, ROUTES_PATH)
    answers = await asyncio.gather(*(_ask(session, f"http://{host}:{port}{path}") for path in paths))
    try:
        return read(*answers)
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError(f"{address} does not answer as an Envoy of ours: {error!r}") from error


async def _or_none(session: aiohttp.ClientSession, name: str, address: str, port: int) -> Reading | None:
    try:
        return await read_one(session, address, port)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        logger.info("a proxy cannot be read", extra={"pod": name, "why": str(error) or type(error).__name__})
        return None


async def _ask(session: aiohttp.ClientSession, url: str) -> str:
    # The filter in the path is escaped already, for Envoy to read.
    async with session.get(URL(url, encoded=True), timeout=_TIMEOUT) as answer:
        answer.raise_for_status()
        body = await answer.content.read(_MOST_BYTES)
        if not answer.content.at_eof():
            raise ValueError(f"{url} answers more than {_MOST_BYTES} bytes")
        return body.decode()
