"""How an Envoy begins and ends: the very scripts that its pod runs, on the real program."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

from mooring.reconcile.traffic.envoy.clusters import Place
from mooring.reconcile.traffic.envoy.files import files
from mooring.reconcile.traffic.envoy.pods import BEGUN, DRAIN
from mooring.reconcile.traffic.split import Split
from tests.unit.traffic.callers import caller
from tests.unit.traffic.conftest import CANARY, STABLE
from tests.unit.traffic.proxy import eventually, proxy
from tests.unit.traffic.upstream import Upstream


def test_an_envoy_has_begun_once_it_has_found_pods(pods: dict[str, Upstream], tmp_path: Path) -> None:
    with proxy(tmp_path / "envoy", {STABLE: pods[STABLE].port}, Split(STABLE)) as envoy:
        script = BEGUN.replace("127.0.0.1/9901", f"127.0.0.1/{envoy.places.admin}")
        begun = lambda: subprocess.run(["bash", "-c", script]).returncode  # noqa: E731
        assert begun() == 0
        missing = files(Split(CANARY), lambda arm: Place("no-such-name.invalid", 8080))
        envoy.put(missing)
        eventually(lambda: begun() != 0)


async def test_callers_are_told_to_go_and_nobody_is_cut_off(pods: dict[str, Upstream], tmp_path: Path) -> None:
    with proxy(tmp_path / "envoy", {STABLE: pods[STABLE].port}, Split(STABLE)) as envoy:
        script = DRAIN.replace("127.0.0.1/9901", f"127.0.0.1/{envoy.places.admin}").replace("sleep 1", "sleep 0.1")
        assert script.count(str(envoy.places.admin)) == 1
        async with caller(envoy.url) as asking:
            assert (await asking.ask()).headers.get("connection") != "close"
            drain = await asyncio.create_subprocess_exec("bash", "-c", script)
            answers = []
            while drain.returncode is None:
                answers.append(await asking.ask())
                await asyncio.sleep(0.01)
        assert drain.returncode == 0
        assert {answer.status for answer in answers} == {200}
        assert answers[-1].headers["connection"] == "close"
        status, metrics = envoy.ops("/stats?filter=http.ingress.downstream_cx_active")
        assert (status, re.findall(r"active: (\d+)", metrics)) == (200, ["0"])
        assert envoy.ops("/ready")[0] == 503
        assert envoy.ops("/live")[0] == 200
