"""Level-triggered: what happened while the API server could not be reached is found afterwards, without help."""

from __future__ import annotations

from pathlib import Path

from tests.operator.berths import berth, berth_is_made, settled
from tests.support.berth import VERSIONS
from tests.support.cable import Cable
from tests.support.kube import Kube, eventually


def test_it_recovers_by_itself(kube: Kube, tmp_path: Path) -> None:
    kube.create(berth("one"))
    with Cable(kube.kubeconfig, tmp_path) as cable:
        far = Kube(kube.kubeconfig, kube.namespace, VERSIONS)
        far.kubeconfig = cable.kubeconfig
        with settled(far) as operator:
            cable.cut()
            kube.create(berth("two"))
            kube.delete("Service", "one")
            eventually("the cut is noticed", lambda: any("kopf" in entry["logger"] for entry in operator.entries()))
            assert operator.get("/healthz")[0] == 200
            cable.mend()
            eventually("the new one is made", lambda: berth_is_made(kube, "two"), seconds=40)
            eventually("the Service is back", lambda: ("Service", "one") in kube.children(), seconds=40)
