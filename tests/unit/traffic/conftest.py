"""One Envoy and two upstreams for a module: starting them is most of the time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.proxy import Proxy, proxy
from tests.unit.traffic.upstream import Upstream, upstreams

STABLE, CANARY = "income-v1-aaaaaaaa", "income-v2-bbbbbbbb"


@pytest.fixture(scope="module")
def pods() -> Iterator[dict[str, Upstream]]:
    with upstreams(STABLE, CANARY) as found:
        yield found


@pytest.fixture(scope="module")
def module_envoy(pods: dict[str, Upstream], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    ports = {arm: pod.port for arm, pod in pods.items()}
    with proxy(tmp_path_factory.mktemp("envoy"), ports, Split(STABLE, CANARY)) as running:
        yield running


@pytest.fixture
def envoy(module_envoy: Proxy, pods: dict[str, Upstream]) -> Proxy:
    for pod in pods.values():
        pod.told.clear()
        pod.breaks = False
    return module_envoy
