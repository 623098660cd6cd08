"""A real Gateway API implementation in the local cluster: Envoy Gateway, built from its Go modules.

Not part of `up`: it takes minutes to build, and nothing but tests of HTTPRoutes needs it.
"""

from pathlib import Path

from cluster import images
from cluster.base_images import gateway_archive, gateway_image
from cluster.containers import image_names, import_image
from cluster.gobuild import GATEWAY, module_folder
from cluster.kubectl import kubectl
from cluster.paths import REPOSITORY
from cluster.say import step

MANIFEST = REPOSITORY / "cluster" / "manifests" / "gateway.yaml"
NAMESPACE = "envoy-gateway-system"
READY_SECONDS = 120


def install() -> None:
    """Return when the controller is ready to serve Gateways of the class `envoy`. Safe to repeat."""
    if gateway_image() not in image_names():
        archive = gateway_archive()
        with step("imported the Gateway controller"):
            import_image(archive)
    envoy = images.build(targets=["envoy"])["envoy"]
    manifest = MANIFEST.read_text().replace("GATEWAY_IMAGE", gateway_image()).replace("ENVOY_IMAGE", envoy)
    with step("installed the Gateway controller"):
        for file in _definitions():
            _apply(file.read_text())
        _apply(manifest)
        kubectl("-n", NAMESPACE, "rollout", "status", "deployment/envoy-gateway", f"--timeout={READY_SECONDS}s")


def _definitions() -> list[Path]:
    """The custom resources: of the Gateway API's standard channel, and the controller's own."""
    standard = module_folder(GATEWAY, "sigs.k8s.io/gateway-api") / "config" / "crd" / "standard"
    charts = module_folder(GATEWAY, "github.com/envoyproxy/gateway") / "charts"
    own = charts / "gateway-crds-helm" / "templates" / "generated"
    return sorted([*standard.glob("gateway.*.yaml"), *own.glob("gateway.envoyproxy.io_*.yaml")])


def _apply(text: str) -> None:
    """Apply server-side; what the chart wraps around a definition is no YAML, and is left out."""
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("{{"))
    kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=mooring-cluster", "-f", "-", stdin=plain)
