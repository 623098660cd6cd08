"""The S3 server inside the cluster: its credentials, its manifest with our image, and its buckets."""

import json
import os
import secrets

from cluster.base_images import s3_image
from cluster.errors import ClusterError
from cluster.health import wait_for
from cluster.kubectl import kubectl
from cluster.paths import BUCKETS as FOLDER
from cluster.paths import CONFIG, PKI, REPOSITORY
from cluster.s3_client import Credentials, bucket_is_there
from cluster.settings import BUCKETS, OBJECT_STORE_NODE_PORT, SYSTEM_NAMESPACE

MANIFESTS = REPOSITORY / "cluster" / "manifests"
CREDENTIALS = PKI / "object-store.json"
USER_ID = 65532
REGION = "us-east-1"
READY_SECONDS = 60.0
ENDPOINT = f"http://object-store.{SYSTEM_NAMESPACE}.svc:9000"
HOST_ENDPOINT = f"http://127.0.0.1:{OBJECT_STORE_NODE_PORT}"
IMAGE_IN_MANIFEST = "versity/versitygw"


def credentials() -> Credentials:
    """Random for each cluster, and the same for as long as it lives."""
    if not CREDENTIALS.exists():
        made = {"access_key": secrets.token_hex(10), "secret_key": secrets.token_hex(20)}
        partial = CREDENTIALS.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(made))
        partial.rename(CREDENTIALS)
    return Credentials(region=REGION, **json.loads(CREDENTIALS.read_text()))


def apply() -> None:
    """Apply what the cluster needs besides its processes, the S3 server among it. Safe to repeat."""
    _make_folders()
    name, _, tag = s3_image().partition(":")
    store = credentials()
    secret = {
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_REGION": store.region,
    }
    folder = CONFIG / "system"
    folder.mkdir(parents=True, exist_ok=True)
    system = (MANIFESTS / "system.yaml").read_text().replace("OBJECT_STORE_FOLDER", str(FOLDER))
    (folder / "system.yaml").write_text(system)
    (folder / "object-store.yaml").write_text((MANIFESTS / "object-store.yaml").read_text())
    (folder / "secret.json").write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "object-store", "namespace": SYSTEM_NAMESPACE},
                "stringData": secret,
            }
        )
    )
    (folder / "kustomization.yaml").write_text(
        json.dumps(
            {
                "resources": ["object-store.yaml", "system.yaml", "secret.json"],
                "images": [{"name": IMAGE_IN_MANIFEST, "newName": name, "newTag": tag}],
            }
        )
    )
    kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=mooring-cluster", "-k", str(folder))


def wait_until_it_answers() -> None:
    """Return when a client of the host can list every bucket."""
    store = credentials()
    if not wait_for(lambda: all(bucket_is_there(HOST_ENDPOINT, store, b) for b in BUCKETS), seconds=READY_SECONDS):
        pods = kubectl("get", "pods,events", "-n", SYSTEM_NAMESPACE)
        raise ClusterError(f"the object store does not answer on {HOST_ENDPOINT}:\n{pods}")


def _make_folders() -> None:
    """A folder below the POSIX backend's root is a bucket, so none has to be made through the API."""
    for path in (FOLDER / "metadata", FOLDER / "buckets", *(FOLDER / "buckets" / name for name in BUCKETS)):
        path.mkdir(parents=True, exist_ok=True)
        os.chown(path, USER_ID, USER_ID)
