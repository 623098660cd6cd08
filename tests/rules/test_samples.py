import pytest

from mooring.api.base import Model
from mooring.api.driftpolicy import DriftPolicySpec
from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.modelversion import ModelVersionSpec
from mooring.api.trainingjob import TrainingJobSpec
from tests.rules.apiserver import Server
from tests.rules.objects import SAMPLES, sample

SPECS: dict[str, type[Model]] = {
    "TrainingJob": TrainingJobSpec,
    "ModelVersion": ModelVersionSpec,
    "ModelDeployment": ModelDeploymentSpec,
    "DriftPolicy": DriftPolicySpec,
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_accepted(server: Server, namespace: str, name: str) -> None:
    assert server.create(sample(name, namespace)).message == ""


@pytest.mark.parametrize("name", SAMPLES)
def test_defaults_are_the_same_on_the_server_and_in_the_operator(server: Server, namespace: str, name: str) -> None:
    obj = sample(name, namespace)
    spec = SPECS[obj["kind"]]
    stored = server.create(obj).body["spec"]
    assert spec.model_validate(stored) == spec.model_validate(obj["spec"])
    assert _values(spec.model_validate(obj["spec"]).to_json()) == _values(stored)


def _values(value: object) -> object:
    """Without what says nothing (empty lists and objects), and with numbers of quantities as text."""
    if isinstance(value, dict):
        inner = {key: _values(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in ({}, [])}
    if isinstance(value, list):
        return [_values(item) for item in value]
    return str(value) if isinstance(value, int) else value
