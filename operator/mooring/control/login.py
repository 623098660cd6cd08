"""Who we are to the API server: the pod's service account, or the current context of a kubeconfig.

Loaded once by the official client, which knows token files, exec plugins and OIDC, and shared with kopf: one identity.
"""

from __future__ import annotations

import os

import kopf
from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import Configuration

from mooring.control.errors import ConfigError


async def load(kubeconfig: str | None = None, context: str | None = None) -> Configuration:
    """Return how to reach the API server.

    Raises:
        ConfigError: neither a service account nor a usable kubeconfig is there.

    """
    configuration = Configuration()
    try:
        if "KUBERNETES_SERVICE_HOST" in os.environ and not (kubeconfig or context or "KUBECONFIG" in os.environ):
            kubernetes_config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]  # not annotated
        else:
            await _from_file(configuration, kubeconfig, context)
    except kubernetes_config.ConfigException as error:
        raise ConfigError(f"no way to reach a cluster: set KUBECONFIG or run in a pod ({error})") from error
    return configuration


async def _from_file(configuration: Configuration, kubeconfig: str | None, context: str | None) -> None:
    load_file = kubernetes_config.load_kube_config
    await load_file(kubeconfig, context, configuration)  # type: ignore[no-untyped-call]  # not annotated


async def authorization(configuration: Configuration) -> str | None:
    """Return the Authorization header of now; tokens are renewed as they expire."""
    header: str | None = await configuration.get_api_key_with_prefix("BearerToken")
    return header


async def for_kopf(configuration: Configuration) -> kopf.ConnectionInfo:
    """Return the same identity in kopf's words."""
    header = await authorization(configuration)
    scheme, _, token = (header or "").partition(" ")
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        proxy_url=configuration.proxy,
        scheme=scheme.capitalize() or None,
        token=token.strip() or None,
    )
