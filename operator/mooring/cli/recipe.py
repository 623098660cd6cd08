"""A recipe file: a TrainingJob manifest as for kubectl, read strictly and made into an order for this machine."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import yaml
from pydantic import ValidationError

from mooring.api.base import API_VERSION, Model, ObjectMeta
from mooring.api.trainingjob import DataSource, Output, TrainingJobSpec
from mooring.api.wire import TrainOrder
from mooring.training.failure import user_error


class LocalData(DataSource):
    """As in the cluster, but a path of this machine will do."""

    uri: str


class LocalOutput(Output):
    """As in the cluster, but a path of this machine will do."""

    uri: str


class LocalSpec(TrainingJobSpec):
    """The recipe."""

    data: LocalData
    output: LocalOutput | None = None


class Manifest(Model):
    """The file: what kubectl would apply."""

    api_version: str
    kind: str
    metadata: dict[str, object]
    spec: LocalSpec


def read_order(recipe: Path, *, data: str | None, output: str | None) -> TrainOrder:
    """Return the order that the recipe asks for, with `data` and `output` in place of the recipe's own addresses.

    Raises RunFailed (User) with everything that is wrong in the file, by field.
    """
    manifest = _validated(_parsed(recipe))
    name = str(manifest.metadata.get("name", ""))
    where = output or (manifest.spec.output.uri if manifest.spec.output else "artifacts")
    given = {"uri": data} if data else {}
    spec = manifest.spec.model_copy(
        update={"data": manifest.spec.data.model_copy(update=given), "output": LocalOutput(uri=where)}
    )
    return TrainOrder(
        namespace=str(manifest.metadata.get("namespace", "default")),
        name=name,
        model=spec.model or name,
        run=1,
        run_id=f"{time.time_ns() // 10**6 % 2**32:08x}",
        request="shell",
        recipe_hash="shell:" + hashlib.sha256(spec.model_dump_json().encode()).hexdigest()[:16],
        image="shell",
        spec=spec,
    )


def _parsed(recipe: Path) -> object:
    try:
        return yaml.safe_load(recipe.read_text())
    except OSError as error:
        raise user_error("RecipeNotReadable", f"{recipe}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise user_error("RecipeNotReadable", f"{recipe} is not YAML: {error}") from None


def _validated(content: object) -> Manifest:
    try:
        manifest = Manifest.model_validate(content, extra="forbid")
        ObjectMeta.model_validate(manifest.metadata)
        LocalSpec.model_validate({**_raw_spec(content), "model": manifest.spec.model or manifest.metadata["name"]})
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, item['loc'])) or 'file'}: {_sentence(item)}" for item in error.errors()]
        raise user_error("RecipeInvalid", "; ".join(problems)) from None
    if (manifest.api_version, manifest.kind) != (API_VERSION, "TrainingJob"):
        message = f"the file holds a {manifest.kind} of {manifest.api_version}, not a TrainingJob of {API_VERSION}"
        raise user_error("RecipeInvalid", message)
    return manifest


def _raw_spec(content: object) -> dict[str, object]:
    return content["spec"] if isinstance(content, dict) and isinstance(content["spec"], dict) else {}


def _sentence(item: object) -> str:
    kind, message = (str(item[key]) for key in ("type", "msg")) if isinstance(item, dict) else ("", "")
    return "there is no such field" if kind == "extra_forbidden" else message[:1].lower() + message[1:]
