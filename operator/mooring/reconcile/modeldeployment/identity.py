"""What tells one thing that serves from another: the version, and the template that the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.modelversion import ModelVersion
from mooring.reconcile.render import digest

PLACEMENT = frozenset(("service_account_name", "image_pull_secrets", "node_selector", "tolerations", "topology_spread"))
"""Fields of the spec that go into the pods as they are."""


@dataclass(frozen=True)
class Identity:
    """A version under a template. Children are named after it."""

    version: str
    template: str

    def child_name(self, deployment: str) -> str:
        """Return the name of the child Deployment, headless Service and ControllerRevision."""
        return f"{deployment}-v{self.version.rpartition('-v')[2]}-{self.template}"


def template_hash(spec: ModelDeploymentSpec, version: ModelVersion) -> str:
    """Return 8 hex digits over what the user asked of the pods, and where the artifact lies.

    Not over images or defaults of ours: an upgrade of the operator must restart nothing. Replicas are no part of it.
    """
    asked = {
        "server": spec.server.model_dump(mode="json", exclude_defaults=True) if spec.server else {},
        "resources": spec.resources.to_json() if spec.resources else {},
        "uri": version.spec.artifact.uri,
        "secret": version.spec.artifact.secret_name,
    }
    # Nothing where nothing is asked: what serves since before these fields were known keeps its name.
    later = spec.model_dump(mode="json", include={*PLACEMENT, "feedback", "capture"}, exclude_defaults=True)
    return digest(asked | {name: value for name, value in later.items() if value}, 8)


def identify(spec: ModelDeploymentSpec, version: ModelVersion) -> Identity:
    """Return the identity of a version under the template that is asked for now."""
    return Identity(version.metadata.name, template_hash(spec, version))
