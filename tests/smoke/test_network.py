"""Services, names and NodePorts, from inside the cluster and from the host."""

import json
import urllib.request

from cluster import object_store
from cluster.s3_client import Credentials, bucket_is_there
from cluster.settings import BUCKETS

from .conftest import Kubectl, eventually

FETCH = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1], timeout=10).status)"


def status_inside(kubectl: Kubectl, web: str, url: str) -> str:
    return kubectl("exec", f"deployment/{web}", "--", "python3", "-c", FETCH, url).strip()


def test_a_pod_reaches_a_service_by_its_short_and_its_full_name(kubectl: Kubectl, web: str) -> None:
    for name in (web, f"{web}.{kubectl.namespace}.svc.cluster.local"):
        assert status_inside(kubectl, web, f"http://{name}/etc/hostname") == "200"


def test_a_service_of_pods_that_are_ready_has_an_endpoint_slice(kubectl: Kubectl, web: str) -> None:
    slices = json.loads(kubectl("get", "endpointslices", f"--selector=kubernetes.io/service-name={web}", "-o", "json"))
    assert [end["conditions"]["ready"] for part in slices["items"] for end in part["endpoints"]] == [True]


def test_a_node_port_answers_on_the_loopback_address(kubectl: Kubectl, web: str) -> None:
    port = kubectl("get", "service", web, "--output=jsonpath={.spec.ports[0].nodePort}")

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/etc/hostname", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    assert eventually(answers)


def test_the_s3_server_answers_on_its_node_port(base_image: str) -> None:
    store = object_store.credentials()
    assert all(bucket_is_there(object_store.HOST_ENDPOINT, store, bucket) for bucket in BUCKETS)


def test_the_s3_server_refuses_a_stranger(base_image: str) -> None:
    stranger = Credentials(object_store.REGION, "stranger", "guess")
    assert not bucket_is_there(object_store.HOST_ENDPOINT, stranger, BUCKETS[0])


def test_the_s3_server_answers_inside_the_cluster_under_the_name_in_its_secret(kubectl: Kubectl, web: str) -> None:
    secret = json.loads(kubectl("get", "secret", "object-store", "--namespace=mooring-system", "--output=json"))
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"} <= set(secret["data"])
    assert status_inside(kubectl, web, f"{object_store.ENDPOINT}/health") == "200"
