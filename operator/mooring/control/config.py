"""Load the operator's configuration, and say in one sentence what is wrong with it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from mooring.api.config import OperatorConfig
from mooring.control.errors import ConfigError

IMAGE_VARIABLES = {
    "runtime_image": "MOORING_RUNTIME_IMAGE",
    "serving_image": "MOORING_SERVING_IMAGE",
    "envoy_image": "MOORING_ENVOY_IMAGE",
}


def load(path: str | None, environ: Mapping[str, str] = os.environ) -> OperatorConfig:
    """Return the configuration of a YAML file (None: all defaults), with the images of the environment.

    Raises:
        ConfigError: with the field and what to write instead.

    """
    content = dict(_read(path)) if path else {}
    for field, variable in IMAGE_VARIABLES.items():
        if image := environ.get(variable):
            content.pop(field, None)
            content[to_camel(field)] = image
    try:
        return OperatorConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path or 'configuration'}: {_explain(error)}") from error


def _read(path: str) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}): mount the ConfigMap or change --config"
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must be a mapping of fields, for example `workers: 8`")
    return content


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, detail['loc'])) or 'file'}: {_advice(detail['type'], detail['loc'], detail['msg'])}"
        for detail in error.errors(include_url=False)
    )


def _advice(kind: str, where: tuple[int | str, ...], message: str) -> str:
    known = [field.alias or name for name, field in OperatorConfig.model_fields.items()]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(where[-1]), known, n=1)
        return f"unknown field, write `{near[0]}`" if near else f"unknown field, known are {', '.join(known)}"
    if kind == "missing" and where[-1] == "runtimeImage":
        return f"required: write the image of training pods here or in {IMAGE_VARIABLES['runtime_image']}"
    return message[:1].lower() + message[1:]
