"""What a deployment's server section promises reaches the pods: keys, changed without a restart, and gRPC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from mooring.serving.grpc.messages import SERVICE, message
from tests.e2e.asking import ask, forwarded, person
from tests.e2e.place import Place, secret
from tests.e2e.test_serving import INFER, pods_of
from tests.support.kube import eventually

NAME = "guarded"
KEYS = "callers"
PORT = 9000


@pytest.fixture(scope="module", autouse=True)
def guarded(place: Place, income_v1: str) -> Iterator[None]:
    builtin = {"keysSecretName": KEYS, "grpcPort": PORT}
    place.kube.apply(place.serving(NAME, "income", version=income_v1, server={"builtin": builtin}))
    yield
    place.kube.delete("ModelDeployment", NAME)


def test_a_secret_that_is_missing_is_named_and_waited_for(place: Place) -> None:
    said = lambda: place.condition("ModelDeployment", NAME, "Ready").get("message", "")  # noqa: E731
    eventually("the condition names it", lambda: "NoKeys" in said(), 60)
    assert f"Secret {KEYS} with the entry `keys`" in said()
    place.kube.create(secret(KEYS, {"keys": "first"}))
    place.wait("ModelDeployment", NAME, "Ready")


def test_predictions_are_for_those_who_show_a_key_over_http_and_grpc(place: Place) -> None:
    with forwarded(place, NAME) as address:
        assert [ask(address, INFER, person(), key)[0] for key in (None, "second", "first")] == [401, 401, 200]
    with forwarded(place, NAME, PORT) as address, grpc.insecure_channel(address) as channel:
        assert predicted(channel, "first").outputs[0].name == "probability"
        with pytest.raises(grpc.RpcError, match="UNAUTHENTICATED"):
            predicted(channel, "second")


def test_a_changed_secret_counts_without_a_restart(place: Place) -> None:
    before = pods_of(place, NAME)
    place.kube.merge("Secret", KEYS, {"stringData": {"keys": "second\nthird"}})
    for pod in place.kube.list("Pod", f"mooring.dev/owner={NAME}"):
        # The kubelet looks again at once, and not after its period of a minute.
        place.kube.merge("Pod", pod["metadata"]["name"], {"metadata": {"annotations": {"look": "again"}}})
    with forwarded(place, NAME) as address:
        eventually("a new key counts", lambda: ask(address, INFER, person(), "third")[0] == 200, 100)
        assert ask(address, INFER, person(), "first")[0] == 401
    assert pods_of(place, NAME) == before


def predicted(channel: grpc.Channel, key: str) -> Any:
    """Return the answer to one prediction over gRPC."""
    fields = {"INT64": "int64_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents"}
    asked = message("ModelInferRequest")(model_name="income")
    for tensor in person()["inputs"]:
        data = [item.encode() if isinstance(item, str) else item for item in tensor["data"]]
        added = asked.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=[1])
        getattr(added.contents, fields[tensor["datatype"]]).extend(data)
    call = channel.unary_unary(
        f"/{SERVICE}/ModelInfer",
        request_serializer=lambda sent: sent.SerializeToString(),
        response_deserializer=message("ModelInferResponse").FromString,
    )
    return call(asked, timeout=10, metadata=[("authorization", f"Bearer {key}")])
