"""Configuration: what is wrong is said with the field and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from mooring.control.config import load
from mooring.control.errors import ConfigError


def test_the_environment_names_the_images(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("runtimeImage: from-the-file\nservingImage: small\nenvoyImage: e\nworkers: 3\n")
    images = {"MOORING_RUNTIME_IMAGE": "large:2", "MOORING_SERVING_IMAGE": "small:2", "MOORING_ENVOY_IMAGE": "e:2"}
    config = load(str(path), images)
    assert (config.runtime_image, config.serving_image, config.envoy_image) == ("large:2", "small:2", "e:2")
    config = load(str(path), {})
    assert (config.runtime_image, config.serving_image, config.envoy_image) == ("from-the-file", "small", "e")
    assert config.workers == 3


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("{}", "runtimeImage: required: write the image of training pods here or in MOORING_RUNTIME_IMAGE"),
        ("runtimeImage: x\nresyncSecond: 5", "resyncSecond: unknown field, write `resyncSeconds`"),
        ("runtimeImage: x\nzzz: 5", "zzz: unknown field, known are"),
        ("runtimeImage: x\nresyncSeconds: 5", "resyncSeconds: input should be greater than or equal to 10"),
        ("- a list", "must be a mapping"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_mistake_is_explained(tmp_path: Path, text: str, advice: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(str(path), {})
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / "none.yaml"), {})
