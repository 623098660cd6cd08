"""The paths of the protocol, all but infer answered from bodies made ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import mooring
from mooring.api.modelversion import OutputTensor
from mooring.artifact.manifest import Feature, Interface
from mooring.artifact.predict import PROBABILITY
from mooring.serving.errors import shown
from mooring.serving.fixed import fixed, readiness
from mooring.serving.http import Handler, Heads, Routes

EXTENSIONS = ["binary_tensor_data"]


def v2_routes(
    *,
    model: str,
    version: str,
    manifest: Interface,
    parameters: Mapping[str, object],
    infer: Handler,
    heads: Heads,
    is_ready: Callable[[], bool],
) -> Routes:
    """Return the routes of one version, which is addressed as `income-v3` or `3`, or not at all.

    `parameters` are those of the model's metadata.
    """
    routes = Routes(_Explainer(model, version))
    server = {"name": "mooring", "version": mooring.__version__, "extensions": EXTENSIONS}
    routes.add("/v2", {"GET": fixed(heads, server)})
    routes.add("/v2/health/live", {"GET": fixed(heads, {"live": True})})
    # The protocol's text has the key `live` here, its servers say `ready`: both, for the clients of either.
    routes.add("/v2/health/ready", {"GET": readiness(heads, is_ready, {}, ("ready", "live"))})
    metadata = fixed(heads, {**model_metadata(model, version, manifest), "parameters": parameters})
    ready = readiness(heads, is_ready, {"name": model}, ("ready",))
    number = version.rpartition("-v")[2]
    for path in ("", f"/versions/{quote(version)}", f"/versions/{quote(number)}"):
        base = f"/v2/models/{quote(model)}{path}"
        routes.add(base, {"GET": metadata})
        routes.add(f"{base}/ready", {"GET": ready})
        routes.add(f"{base}/infer", {"POST": infer})
    return routes


def model_metadata(model: str, version: str, manifest: Interface) -> dict[str, object]:
    """Return what the model says of itself: every input and output, with what else a caller must know of it."""
    return {
        "name": model,
        "versions": [version],
        "platform": "mooring_sklearn",
        "inputs": [_input(feature) for feature in manifest.features],
        "outputs": [_output(output, manifest) for output in manifest.outputs],
    }


def _output(output: OutputTensor, manifest: Interface) -> dict[str, object]:
    found: dict[str, object] = {"name": output.name, "datatype": output.datatype, "shape": output.shape}
    if output.name == PROBABILITY and manifest.classes is not None:
        found["parameters"] = {"classes": manifest.classes}
    return found


def _input(feature: Feature) -> dict[str, object]:
    parameters: dict[str, object] = {"nullable": feature.nullable}
    if feature.categories is not None:
        parameters["categories"] = feature.categories
    return {"name": feature.name, "datatype": feature.datatype, "shape": [-1], "parameters": parameters}


class _Explainer:
    """Says of an unknown path which of its parts is wrong."""

    def __init__(self, model: str, version: str) -> None:
        self._model = model
        self._version = version

    def __call__(self, path: str) -> str:
        parts = path.strip("/").split("/")
        if parts[:1] in (["v1"], ["v2"]) and parts[1:2] == ["models"] and len(parts) > 2:
            model = parts[2].partition(":")[0] if parts[0] == "v1" else parts[2]
            if model != self._model:
                return f"there is no model {shown(model)} here: this server has {shown(self._model)}"
            if parts[3:4] == ["versions"] and len(parts) > 4:
                number = self._version.rpartition("-v")[2]
                if parts[4] not in (self._version, number):
                    return f"there is no version {shown(parts[4])} here: this server has {shown(self._version)}"
        return f"there is nothing at {shown(path)}; the model is at /v2/models/{self._model}"
