"""A served version answers its users, corrects their mistakes, and is kept as it was rendered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import tritonclient.http as triton

from mooring.api.wire import SERVING_PORT
from tests.e2e.asking import ask, forwarded, person
from tests.e2e.place import Place, serving_image
from tests.support.kube import RefusedError, eventually
from tests.support.operator import OperatorProcess

INFER = "/v2/models/income/infer"


@pytest.fixture(scope="module")
def address(place: Place, serving: str) -> Iterator[str]:
    with forwarded(place, serving) as address:
        yield address


def test_a_compiled_version_is_served_by_the_small_image(place: Place, serving: str) -> None:
    pods = place.kube.list("Pod", f"mooring.dev/owner-kind=ModelDeployment,mooring.dev/owner={serving}")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {serving_image()}


def test_the_service_answers_with_the_version_that_gave_the_answer(address: str, income_v1: str) -> None:
    status, answer = ask(address, INFER, person())
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    assert status == 200
    assert answer["model_version"] == income_v1
    assert outputs["label"] == [1]
    assert sum(outputs["probability"]) == pytest.approx(1)


def test_metadata_is_the_signature(address: str) -> None:
    status, metadata = ask(address, "/v2/models/income")
    assert status == 200
    assert [(item["name"], item["datatype"]) for item in metadata["inputs"]] == [
        ("age", "INT64"),
        ("school", "BYTES"),
        ("hours", "FP64"),
    ]
    assert {item["name"] for item in metadata["outputs"]} == {"label", "probability"}


def test_another_projects_client_works_unchanged(address: str, income_v1: str) -> None:
    import numpy as np

    client = triton.InferenceServerClient(address)
    assert client.is_server_ready()
    assert client.is_model_ready("income")
    columns = {"age": ("INT64", np.array([41, 20])), "hours": ("FP64", np.array([38.5, 10.0]))}
    inputs = []
    for name, (datatype, values) in columns.items():
        tensor = triton.InferInput(name, list(values.shape), datatype)
        tensor.set_data_from_numpy(values, binary_data=False)
        inputs.append(tensor)
    school = triton.InferInput("school", [2], "BYTES")
    school.set_data_from_numpy(np.array([b"college", b"none"], dtype=object), binary_data=False)
    wanted = [triton.InferRequestedOutput("label", binary_data=False)]
    result = client.infer("income", [*inputs, school], outputs=wanted)
    assert result.as_numpy("label").shape == (2,)
    assert result.get_response()["model_version"] == income_v1


@pytest.mark.parametrize(
    ("body", "column"),
    [
        (person(school="univercity"), "school"),
        (person(age="old"), "age"),
        (person(hours=None), "hours"),
        (person(heigth=1.8), "heigth"),
        (person(age=41.5), "age"),
    ],
)
def test_a_mistake_is_answered_with_400_and_the_name_of_the_column(address: str, body: Any, column: str) -> None:
    status, answer = ask(address, INFER, body)
    assert status == 400
    assert column in answer["error"]


def test_malformed_json_and_unknown_models_are_answered(address: str) -> None:
    status, answer = ask(address, INFER, b'{"inputs": [')
    assert (status, "error" in answer) == (400, True)
    status, answer = ask(address, "/v2/models/incom/infer", person())
    assert (status, "income" in answer["error"]) == (404, True)


def test_a_deleted_or_edited_child_is_restored_as_it_was(place: Place, serving: str, operator: OperatorProcess) -> None:
    arm = arm_of(place, serving)
    before = place.kube.get("Deployment", arm)
    assert before is not None
    place.kube.delete("Service", arm)
    place.kube.merge("Deployment", arm, {"spec": {"replicas": 0}})
    eventually("the headless Service is back", lambda: place.kube.get("Service", arm))
    eventually("the replicas are back", lambda: (place.kube.get("Deployment", arm) or {})["spec"]["replicas"] == 1)
    assert (place.kube.get("Deployment", arm) or {})["spec"]["template"] == before["spec"]["template"]
    place.wait("ModelDeployment", serving, "Ready")


def test_a_version_in_use_cannot_be_deleted(place: Place, serving: str, income_v1: str) -> None:
    eventually("the record knows who serves it", lambda: place.status("ModelVersion", income_v1).get("deployments"))
    with pytest.raises(RefusedError, match=serving):
        place.kube.delete("ModelVersion", income_v1)


def test_the_scale_subresource_scales_without_a_restart(place: Place, serving: str) -> None:
    pods = pods_of(place, serving)
    place.kubectl("scale", "mdep", serving, "--replicas=2")
    eventually("two are ready", lambda: place.status("ModelDeployment", serving)["stable"]["ready"] == 2, 60)
    assert pods <= pods_of(place, serving)
    any_pod_takes_the_truth_of_any_other_and_counts_it_once(place, serving)
    place.kubectl("scale", "mdep", serving, "--replicas=1")
    eventually("one is left", lambda: place.status("ModelDeployment", serving)["stable"]["replicas"] == 1, 60)


def any_pod_takes_the_truth_of_any_other_and_counts_it_once(place: Place, name: str) -> None:
    """Ask one of two pods, and tell both what was true."""
    found = place.kube.list("Pod", f"mooring.dev/arm={arm_of(place, name)}")
    first, second = [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]
    path = f"{INFER.removesuffix('infer')}feedback"
    with (
        forwarded(place, f"pod/{first}", SERVING_PORT) as one,
        forwarded(place, f"pod/{second}", SERVING_PORT) as other,
    ):

        def told() -> list[tuple[int, int]]:
            _, answer = ask(one, INFER, person())
            truth = {"id": answer["parameters"]["prediction_id"], "truth": 1}
            results = [ask(address, path, truth)[1] for address in (other, one, other)]
            return [(result["accepted"], result["duplicate"]) for result in results]

        # The first few may slip through: the pods look each other up by DNS.
        eventually("counted once, whoever is told", lambda: told() == [(1, 0), (0, 1), (0, 1)], 40)


def arm_of(place: Place, name: str) -> str:
    """Return the child Deployment that the users' Service leads to."""
    service = place.kube.get("Service", name)
    assert service is not None
    arm: str = service["spec"]["selector"]["mooring.dev/arm"]
    return arm


def pods_of(place: Place, name: str) -> set[str]:
    """Return the uids of the pods that the users' Service leads to."""
    found = place.kube.list("Pod", f"mooring.dev/arm={arm_of(place, name)}")
    return {pod["metadata"]["uid"] for pod in found if "deletionTimestamp" not in pod["metadata"]}
