"""A namespace with an operator of its own, and a model of the census that serves in it, watched by a policy."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cluster.paths import ADMIN_KUBECONFIG
from demo import loop, upstream
from demo.kubectl import Kubectl
from demo.serve import until_serving
from demo.stream import Stream, asking
from demo.train import train
from mooring.api.modelversion import ModelVersion
from tests.e2e.place import (
    Place,
    envoy_image,
    install,
    make_namespace,
    operator_kubeconfig,
    runtime_image,
    serving_image,
)
from tests.support.operator import OperatorProcess


@dataclass(frozen=True)
class Stage:
    """Where scenarios run."""

    place: Place
    kubectl: Kubectl
    operator: OperatorProcess
    stream: Stream
    image: str
    """Of the pod that asks."""


@contextmanager
def stage() -> Iterator[Stage]:
    """Yield a namespace whose operator is ready; it is deleted at the end."""
    admin = install(str(ADMIN_KUBECONFIG))
    place = make_namespace(admin.kubeconfig, f"loop-{uuid.uuid4().hex[:8]}")
    images = {"runtimeImage": runtime_image(), "servingImage": serving_image(), "envoyImage": envoy_image()}
    kubectl = Kubectl(place.namespace)
    stream = Stream(kubectl, "visitors")
    try:
        with OperatorProcess(operator_kubeconfig(admin), [place.namespace], images) as operator, asking(stream):
            yield Stage(place, kubectl, operator, stream, images["runtimeImage"])
    finally:
        place.kube.delete("Namespace", place.namespace)


def serve(stage: Stage) -> ModelVersion:
    """Train on the people of 2015, and return the version that serves."""
    loop.write_people(upstream.labelled(2015))
    version = train(stage.kubectl, loop.MODEL, loop.RECIPE)
    stage.kubectl.apply(loop.SERVING)
    until_serving(stage.kubectl, loop.MODEL, version.metadata.name)
    return version
