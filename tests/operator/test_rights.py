"""The rights of manifests/ are enough, granted in one namespace and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.operator.berths import berth, berth_is_made, operator
from tests.support.berth import GROUP, VERSIONS
from tests.support.kube import ROOT, Kube, eventually

RBAC = "rbac.authorization.k8s.io"


def test_one_namespace_is_enough(kube: Kube, tmp_path: Path) -> None:
    _grant(kube)
    limited = Kube(kube.kubeconfig, kube.namespace, VERSIONS)
    limited.kubeconfig = _kubeconfig_of_operator(kube, tmp_path)
    kube.create(berth("one"))
    with operator(limited) as process:
        eventually("all is made", lambda: berth_is_made(kube, "one"))
        kube.delete("Service", "one")
        eventually("the Service is back", lambda: kube.get("Service", "one"))
        assert process.metric("reconciles_total", result="refused") == 0


def _grant(kube: Kube) -> None:
    """Make the operator's account, with the rules of the manifests in this namespace only."""
    files = (ROOT / "manifests" / "base" / "rights").glob("*.yaml")
    texts = [path.read_text(encoding="utf-8").replace("[mooring.dev]", f"[{GROUP}]") for path in files]
    objects = [obj for text in texts for obj in yaml.safe_load_all(text)]
    rules = next(
        obj["rules"] for obj in objects if (obj["kind"], obj["metadata"]["name"]) == ("ClusterRole", "mooring-operator")
    )
    name = {"metadata": {"name": "operator"}}
    subject = {"kind": "ServiceAccount", "name": "operator", "namespace": kube.namespace}
    role = {"apiGroup": RBAC, "kind": "Role", "name": "operator"}
    kube.create({"kind": "ServiceAccount", **name})
    kube.create({"kind": "Role", **name, "rules": rules})
    kube.create({"kind": "RoleBinding", **name, "roleRef": role, "subjects": [subject]})


def _kubeconfig_of_operator(kube: Kube, folder: Path) -> str:
    config: dict[str, Any] = yaml.safe_load(Path(kube.kubeconfig).read_text())
    config["users"] = [{"name": user["name"], "user": {"token": kube.token("operator")}} for user in config["users"]]
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return str(path)
