"""The cluster's real S3 server, and keys in it of each test's own."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import obstore
import pandas as pd
import pytest
from obstore.store import S3Store

from mooring.api.wire import CREDENTIAL_KEYS
from tests.support.kube import Kube, kubeconfig

ENDPOINT = os.environ.get("MOORING_TEST_S3", "http://127.0.0.1:30900")
"""Where the cluster's object store answers on this machine."""


@dataclass(frozen=True)
class Keys:
    """A prefix of its own in the buckets of the store."""

    prefix: str
    credentials: dict[str, str]

    def uri(self, bucket: str, path: str = "") -> str:
        return f"s3://{bucket}/{self.prefix}/{path}"

    def bucket(self, name: str) -> S3Store:
        return S3Store(
            name,
            endpoint=ENDPOINT,
            access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            region=self.credentials.get("AWS_REGION", "us-east-1"),
            client_options={"allow_http": True},
        )

    def put(self, path: str, content: bytes | pd.DataFrame) -> str:
        """Write a file (a frame as Parquet) below the prefix in the bucket of datasets and return its URI."""
        raw = content.to_parquet() if isinstance(content, pd.DataFrame) else content
        obstore.put(self.bucket("datasets"), f"{self.prefix}/{path}", raw)
        return self.uri("datasets", path)

    def delete(self) -> None:
        for name in ("datasets", "models"):
            bucket = self.bucket(name)
            for batch in obstore.list(bucket, self.prefix):
                obstore.delete(bucket, [meta["path"] for meta in batch])


@pytest.fixture(scope="session")
def credentials() -> dict[str, str]:
    """The store's credentials, from the Secret that pods get them from."""
    kube = Kube(kubeconfig(), "mooring-system")
    data = kube.get("Secret", "object-store")["data"]
    secret = {key: base64.b64decode(value).decode() for key, value in data.items()}
    return {key: secret[key] for key in CREDENTIAL_KEYS if key in secret} | {"AWS_ENDPOINT_URL": ENDPOINT}


@pytest.fixture
def keys(credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    monkeypatch.setenv("MOORING_STORE_PATIENCE_SECONDS", "2")
    for prefix in ("MOORING_DATA_", "MOORING_ARTIFACT_"):
        for key, value in credentials.items():
            monkeypatch.setenv(prefix + key, value)
    own = Keys(f"test-{uuid.uuid4().hex[:12]}", credentials)
    yield own
    own.delete()


@pytest.fixture
def order(keys: Keys) -> Callable[..., str]:
    """Return a factory of orders as the operator writes them, on the keys of the test."""

    def make(uri: str, output: str | None = None, **data: object) -> str:
        spec = {
            "data": {"uri": uri, "target": "employed", **data},
            "trainer": {"sklearn": {"estimator": "LogisticRegression"}},
            "evaluation": {"gates": [{"metric": "accuracy", "min": "0.5"}]},
            "output": {"uri": output or keys.uri("models"), "secretName": "object-store"},
        }
        order = {"namespace": "demo", "name": "income", "model": "income", "run": 1, "runId": "0123abcd"}
        order |= {"request": "recipe/x", "recipeHash": "v1:x", "image": "image@sha256:x", "spec": spec}
        return json.dumps(order)

    return make
