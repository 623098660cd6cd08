"""Keys and names: who may speak to the API server as what.

Components and the administrator log in with random tokens, which need no certificates to be issued. Certificates
are only where Kubernetes insists: the server's own, and the API server's towards the kubelet (`kubectl logs`).
Everything is made once per cluster and deleted with it.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cluster.paths import ADMIN_KUBECONFIG, KUBECONFIGS, PKI
from cluster.settings import API_SERVICE_ADDRESS, API_URL, CLUSTER_DOMAIN, NODE, NODE_ADDRESS
from cluster.shell import run

CA = PKI / "ca.crt"
CA_KEY = PKI / "ca.key"
SERVER = PKI / "server.crt"
SERVER_KEY = PKI / "server.key"
KUBELET_CLIENT = PKI / "kubelet-client.crt"
KUBELET_CLIENT_KEY = PKI / "kubelet-client.key"
SERVICE_ACCOUNT_KEY = PKI / "service-account.key"
SERVICE_ACCOUNT_PUBLIC_KEY = PKI / "service-account.pub"
TOKENS = PKI / "tokens.csv"
VALID_DAYS = "3650"

_ALTERNATIVE_NAMES = ",".join(
    [
        f"IP:{NODE_ADDRESS}",
        f"IP:{API_SERVICE_ADDRESS}",
        "IP:127.0.0.1",
        f"DNS:{NODE}",
        "DNS:localhost",
        "DNS:kubernetes",
        "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc",
        f"DNS:kubernetes.default.svc.{CLUSTER_DOMAIN}",
    ]
)


@dataclass(frozen=True)
class Identity:
    """A user of the API server, known by the kubeconfig that carries its token."""

    file: str
    user: str
    groups: tuple[str, ...] = ()

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file that logs in as this user."""
        return KUBECONFIGS / self.file


ADMIN = Identity("admin", "admin", ("system:masters",))
CONTROLLER_MANAGER = Identity("controller-manager", "system:kube-controller-manager")
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
PROXY = Identity("proxy", "system:kube-proxy")
KUBELET = Identity("kubelet", f"system:node:{NODE}", ("system:nodes",))
COREDNS = Identity("coredns", "mooring:coredns")
IDENTITIES = (ADMIN, CONTROLLER_MANAGER, SCHEDULER, PROXY, KUBELET, COREDNS)


def make_pki() -> None:
    """Make keys, certificates, tokens and kubeconfigs, if this cluster has none yet."""
    if ADMIN_KUBECONFIG.exists():
        return
    for folder in (PKI, KUBECONFIGS):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    _openssl_key(CA_KEY)
    _openssl_key(SERVICE_ACCOUNT_KEY)
    run(["openssl", "pkey", "-in", SERVICE_ACCOUNT_KEY, "-pubout", "-out", SERVICE_ACCOUNT_PUBLIC_KEY])
    # Python 3.13 verifies strictly: a CA must say that it signs, and a certificate by which key it was signed.
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    subject = ["-subj", "/CN=mooring-ca", "-days", VALID_DAYS]
    run(["openssl", "req", "-x509", "-new", "-key", CA_KEY, "-out", CA, *subject, *usage])
    _certificate(SERVER, SERVER_KEY, subject=f"/CN={NODE}", usage="serverAuth")
    _certificate(KUBELET_CLIENT, KUBELET_CLIENT_KEY, subject="/O=system:masters/CN=apiserver", usage="clientAuth")
    _write_tokens_and_kubeconfigs()


def admin_token() -> str:
    """The administrator's token, for the few calls that this tool makes itself."""
    return TOKENS.read_text().partition(",")[0]


def _openssl_key(path: Path) -> None:
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path])


def _certificate(path: Path, key: Path, *, subject: str, usage: str) -> None:
    _openssl_key(key)
    request, extensions = path.with_suffix(".csr"), path.with_suffix(".ext")
    lines = [f"extendedKeyUsage={usage}", f"subjectAltName={_ALTERNATIVE_NAMES}", "authorityKeyIdentifier=keyid"]
    extensions.write_text("\n".join(lines) + "\n")
    run(["openssl", "req", "-new", "-key", key, "-out", request, "-subj", subject])
    signer: list[str | Path] = [
        "-CA",
        CA,
        "-CAkey",
        CA_KEY,
        "-CAcreateserial",
        "-days",
        VALID_DAYS,
        "-extfile",
        extensions,
    ]
    run(["openssl", "x509", "-req", "-in", request, "-out", path, *signer])
    request.unlink()
    extensions.unlink()


def _write_tokens_and_kubeconfigs() -> None:
    lines: list[str] = []
    # The administrator's kubeconfig is written last: that it exists says that all the rest does.
    for identity in reversed(IDENTITIES):
        token = secrets.token_hex(16)
        lines.insert(0, f'{token},{identity.user},{identity.user},"{",".join(identity.groups)}"')
        TOKENS.write_text("\n".join(lines) + "\n")
        _write_private(identity.kubeconfig, _kubeconfig(token))


def _kubeconfig(token: str) -> str:
    """A kubeconfig as JSON, which is YAML; the CA is inlined, so the file works wherever it is copied."""
    cluster = {"server": API_URL, "certificate-authority-data": _base64(CA)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "mooring", "cluster": cluster}],
            "users": [{"name": "mooring", "user": {"token": token}}],
            "contexts": [{"name": "mooring", "context": {"cluster": "mooring", "user": "mooring"}}],
            "current-context": "mooring",
        },
        indent=2,
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(path)
