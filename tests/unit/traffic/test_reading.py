"""What the operator's side makes of the answers of proxies."""

from __future__ import annotations

import aiohttp
import pytest

from mooring.control.traffic.proxies import read_all, read_one
from tests.unit.traffic.conftest import STABLE
from tests.unit.traffic.proxy import Proxy, free_port
from tests.unit.traffic.upstream import Upstream


async def test_a_proxy_is_read_over_http(envoy: Proxy) -> None:
    async with aiohttp.ClientSession() as session:
        reading = await read_one(session, "127.0.0.1", envoy.places.ops)
    assert reading.in_force is not None
    assert reading.in_force == envoy.reading().in_force


async def test_a_proxy_that_cannot_be_asked_says_nothing() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await read_one(session, "127.0.0.1", free_port())
        assert await read_all(session, {"gone": "127.0.0.1"}, free_port()) == {"gone": None}


async def test_what_is_no_envoy_is_not_believed(pods: dict[str, Upstream]) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(ValueError, match=r"."):
            await read_one(session, "127.0.0.1", pods[STABLE].port)
