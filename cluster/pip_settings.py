"""The machine's own pip settings, for the builds: which index, and how it is reached, no file of ours says."""

import sys
from pathlib import Path

from cluster.errors import ClusterError
from cluster.shell import run

CACHE_IN_BUILD = "/var/cache/pip"
PASSED_ON = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "no-index",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
"""Settings that mean the same inside the image. Local paths (find-links, cert, client-cert) do not."""


def pip_configuration() -> str:
    """The text of a pip.conf for the build."""
    lines = [
        "[global]",
        f"cache-dir = {CACHE_IN_BUILD}",
        "disable-pip-version-check = true",
        "root-user-action = ignore",
    ]
    lines += [f"{name} = {value}" for name, value in _host_settings().items()]
    return "\n".join(lines) + "\n"


def _host_settings() -> dict[str, str]:
    """What `pip config list` says: files first, then environment variables, which win."""
    found: dict[str, str] = {}
    # The interpreter that runs us may have no pip of its own (a virtual environment made without one).
    for python in (sys.executable, "python3"):
        try:
            listed = run([python, "-m", "pip", "config", "list"])
        except ClusterError:
            continue
        for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
            name, _, quoted = line.partition("=")
            key = name.rpartition(".")[2]
            if key in PASSED_ON:
                found[key] = quoted.strip("'\"").replace("\\n", "\n    ")
        break
    return found


def certificate_mounts() -> list[str]:
    """The machine's certificate authorities, which may include a proxy's own, laid over the image's while it builds."""
    folders = ("/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates")
    return [f"{folder}:{folder}:ro" for folder in folders if Path(folder).is_dir()]
