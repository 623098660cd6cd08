"""A place where the loop can run: a restricted namespace, credentials, data in the store, and an operator."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import obstore
import pandas as pd
import yaml
from obstore.store import S3Store

from tests.support.kube import ROOT, Kube, Object, eventually

OPERATOR_ACCOUNT = "mooring-operator"
SYSTEM = "mooring-system"
ROWS = 3000


@dataclass(frozen=True)
class Place:
    """Where a test works."""

    kube: Kube
    namespace: str
    prefix: str
    """Of everything in the store that belongs to this place."""

    @property
    def data(self) -> str:
        return f"s3://datasets/{self.prefix}/people/"

    def recipe(self, name: str, **changes: Any) -> Object:
        """Return a TrainingJob that takes seconds; `changes` replace fields of its spec."""
        spec = {
            "data": {"uri": self.data, "secretName": "object-store", "target": "employed", "ignore": ["id"]},
            "trainer": {"sklearn": {"estimator": "LogisticRegression"}},
            "evaluation": {"gates": [{"metric": "roc_auc", "min": "0.6"}]},
            "output": {"uri": f"s3://models/{self.prefix}", "secretName": "object-store"},
            "run": {"retries": 0, "resources": {"limits": {"memory": "1Gi"}}},
        }
        return {"kind": "TrainingJob", "metadata": {"name": name}, "spec": spec | changes}

    def serving(self, name: str, model: str, **changes: Any) -> Object:
        """Return a ModelDeployment of one replica, whose versions replace each other at once."""
        spec = {"model": model, "replicas": 1, "rollout": {"strategy": "Replace", "scaleDownDelaySeconds": 10}}
        return {"kind": "ModelDeployment", "metadata": {"name": name}, "spec": spec | changes}

    def status(self, kind: str, name: str) -> dict[str, Any]:
        """Return a resource's status, empty where there is none yet."""
        found = self.kube.get(kind, name) or {}
        status: dict[str, Any] = found.get("status") or {}
        return status

    def condition(self, kind: str, name: str, type_: str) -> dict[str, Any]:
        """Return a condition, empty where it is not set or speaks of an older generation."""
        found = self.kube.get(kind, name) or {}
        current = found.get("metadata", {}).get("generation")
        conditions = (found.get("status") or {}).get("conditions", [])
        mine = [item for item in conditions if item["type"] == type_ and item.get("observedGeneration") == current]
        return mine[0] if mine else {}

    def wait(self, kind: str, name: str, type_: str, status: str = "True", seconds: float = 90) -> dict[str, Any]:
        """Wait for a condition and return it."""
        what = f"{kind} {name}: {type_}={status}"
        holds = lambda: (found := self.condition(kind, name, type_)).get("status") == status and found  # noqa: E731
        found: dict[str, Any] = eventually(what, holds, seconds)
        return found

    def kubectl(self, *words: str) -> str:
        """Return what kubectl prints, as a user would see it."""
        environment = {**os.environ, "KUBECONFIG": self.kube.kubeconfig}
        command = [kubectl_path(), "-n", self.namespace, *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def rollout(self, action: str, name: str, *, code: int = 0) -> str:
        """Return what `kubectl mooring rollout …` prints before it ends with `code`."""
        return self.mooring("rollout", *action.split(), name, code=code)

    def mooring(self, *words: str, code: int = 0) -> str:
        """Return what `kubectl mooring …` prints before it ends with `code`. kubectl finds the program."""
        folders = (str(Path(sys.executable).parent), str(Path(kubectl_path()).parent), os.environ["PATH"])
        environment = {**os.environ, "KUBECONFIG": self.kube.kubeconfig, "PATH": os.pathsep.join(folders)}
        command = [kubectl_path(), "mooring", *words, "-n", self.namespace]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=90)
        assert done.returncode == code, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout


def install(kubeconfig: str) -> Kube:
    """Install CRDs, rights and policies, and put an operator of the cluster's own to rest: it would take our work."""
    admin = Kube(kubeconfig, SYSTEM)
    environment = {**os.environ, "KUBECONFIG": kubeconfig}
    applied = subprocess.run(
        [kubectl_path(), "kustomize", str(ROOT / "manifests" / "base")], capture_output=True, text=True, check=True
    ).stdout
    apply = [kubectl_path(), "apply", "--server-side", "--force-conflicts", "--field-manager=mooring-deploy", "-f", "-"]
    parts = [part for part in applied.split("\n---\n") if "kind: Deployment" not in part]
    subprocess.run(apply, input="\n---\n".join(parts), text=True, check=True, env=environment, capture_output=True)
    if admin.get("Deployment", "mooring-operator") is not None:
        admin.merge("Deployment", "mooring-operator", {"spec": {"replicas": 0}})
    return admin


def kubectl_path() -> str:
    """Return the cluster's own kubectl, else the user's."""
    from cluster.paths import BIN

    own = Path(BIN) / "kubectl"
    return str(own) if own.exists() else "kubectl"


def runtime_image() -> str:
    """Return the image of training pods, built where nobody said which."""
    return os.environ.get("MOORING_RUNTIME_IMAGE") or built_images()["runtime"]


def serving_image() -> str:
    """Return the image of pods that serve compiled models, built where nobody said which."""
    return os.environ.get("MOORING_SERVING_IMAGE") or built_images()["serving"]


def envoy_image() -> str:
    """Return the image of pods that divide traffic, built where nobody said which."""
    return os.environ.get("MOORING_ENVOY_IMAGE") or built_images()["envoy"]


def built_images() -> dict[str, str]:
    """Return the images as this working tree makes them."""
    command = [sys.executable, "-m", "cluster", "images"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def make_namespace(kubeconfig: str, name: str) -> Place:
    """Make a namespace that admits restricted pods only, with the store's credentials in it."""
    kube = Kube(kubeconfig, name)
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    kube.create({"kind": "Namespace", "metadata": {"name": name, "labels": enforced}})
    data = credentials(kube)
    kube.create(secret("object-store", data))
    kube.create(secret("nowhere", data | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}))
    return Place(kube, name, name)


def secret(name: str, data: dict[str, str]) -> Object:
    """Return a Secret."""
    return {"kind": "Secret", "metadata": {"name": name}, "stringData": data}


def credentials(kube: Kube) -> dict[str, str]:
    """Return the credentials of the cluster's object store."""
    found = kube.get("Secret", "object-store", SYSTEM)
    assert found is not None, "no object store in the cluster: make cluster"
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}


def store(kube: Kube, bucket: str) -> S3Store:
    """Return a bucket of the store, as seen from this machine."""
    keys = credentials(kube)
    return S3Store(
        bucket,
        endpoint="http://127.0.0.1:30900",
        access_key_id=keys["AWS_ACCESS_KEY_ID"],
        secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region=keys.get("AWS_REGION", "us-east-1"),
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )


def people(rows: int = ROWS, seed: int = 7) -> pd.DataFrame:
    """Return people of whom some are employed, learnable but not perfectly: numbers, integers, categories, gaps."""
    random = np.random.default_rng(seed)
    age = random.integers(16, 80, rows)
    school = random.choice(["none", "school", "college"], rows)
    hours = np.where(random.random(rows) < 0.1, np.nan, random.normal(30, 8, rows))
    score = -((age - 45) ** 2) / 400 + (school == "college") * 1.5 + np.nan_to_num(hours, nan=30) / 20 - 0.5
    employed = (random.random(rows) < 1 / (1 + np.exp(-score))).astype("int64")
    return pd.DataFrame({"id": np.arange(rows), "age": age, "school": school, "hours": hours, "employed": employed})


def put_people(place: Place, frame: pd.DataFrame | None = None, folder: str = "people") -> None:
    """Put a data set into the store."""
    buffer = io.BytesIO()
    (people() if frame is None else frame).to_parquet(buffer)
    obstore.put(store(place.kube, "datasets"), f"{place.prefix}/{folder}/part-0.parquet", buffer.getvalue())


def operator_kubeconfig(admin: Kube) -> str:
    """Return a kubeconfig of the operator's own account: what it may do is what the manifests say."""
    config = yaml.safe_load(Path(admin.kubeconfig).read_text())
    command = [kubectl_path(), "-n", SYSTEM, "create", "token", OPERATOR_ACCOUNT, "--duration=4h"]
    environment = {**os.environ, "KUBECONFIG": admin.kubeconfig}
    token = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    handle, path = tempfile.mkstemp(suffix=".yaml")
    with os.fdopen(handle, "w") as file:
        json.dump(config, file)
    return path
