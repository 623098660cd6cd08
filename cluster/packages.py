"""The Debian packages that the cluster is made of.

Installing one normally starts its service and enables it for the next boot. Neither is wanted: this machine
gets programs, not daemons.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import ClusterError
from cluster.say import say, step
from cluster.shell import run, succeeds

PROGRAMS = {
    "buildah": "buildah",
    "containerd": "containerd",
    "etcd": "etcd-server",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "openssl": "openssl",
    "runc": "runc",
}
"""Program to look for, and the package that brings it."""
CNI_PLUGINS = Path("/usr/lib/cni")
UNITS = ("containerd.service", "etcd.service")
POLICY = Path("/usr/sbin/policy-rc.d")


def missing_packages() -> list[str]:
    """Packages to install, found by looking for their files: asking dpkg takes a hundred times as long."""
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if not (CNI_PLUGINS / "bridge").exists():
        missing.add("containernetworking-plugins")
    return sorted(missing)


@contextmanager
def _no_services_start() -> Iterator[None]:
    """Debian asks policy-rc.d before it starts a service; a policy that is there already is left alone."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def install_missing() -> None:
    """Install what is missing with the machine's own apt sources; returns at once when nothing is."""
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0:
        raise ClusterError(f"these Debian packages are missing and only root can install them: {' '.join(missing)}")
    if not shutil.which("apt-get"):
        raise ClusterError(f"this machine has no apt-get; install by hand: {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    # Units that were there before are the user's: only those that come with these packages are switched off.
    new_units = [unit for unit in UNITS if not (Path("/lib/systemd/system") / unit).exists()]
    with step("refreshed the package lists"):
        run(["apt-get", "update", "-q"], env=quiet)
    with step(f"installed {' '.join(missing)}"), _no_services_start():
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing], env=quiet)
    for unit in new_units:
        if shutil.which("systemctl") and not succeeds(["systemctl", "disable", unit]):
            say(f"could not switch off {unit}; it may start at the next boot")


def apt_mirror() -> str:
    """The mirror that this machine's apt uses for Debian itself, so that no address stands in our files."""
    sites = run(["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL)"]).splitlines()
    for line in sites:
        site, _, labels = line.partition(" ")
        if labels == "Debian Debian":
            return site
    raise ClusterError("apt-get indextargets names no Debian mirror; run apt-get update, or check apt's sources")
