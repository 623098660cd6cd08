"""The programs that are built from pinned Go modules, because no registry is at hand to pull them from."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cluster.cached import cached_file, content_key
from cluster.errors import ClusterError
from cluster.paths import BIN, REPOSITORY
from cluster.settings import KUBERNETES_VERSION
from cluster.shell import run

LINKER_FLAGS = "-s -w"
BUILD_ENVIRONMENT = {"CGO_ENABLED": "0"}
"""Static binaries: the object store's and the pause program's images have no libc."""


@dataclass(frozen=True)
class Program:
    """One binary: the module that pins it, the package to build, and the names that it is called by."""

    name: str
    package: str = "."
    linker_flags: str = LINKER_FLAGS
    links: tuple[str, ...] = ()

    @property
    def module(self) -> Path:
        """The folder of the Go module, with its go.mod and go.sum."""
        return REPOSITORY / "cluster" / "go" / self.name


KUBERNETES = Program(
    "kubernetes",
    linker_flags=f"{LINKER_FLAGS} -X k8s.io/component-base/version.gitVersion={KUBERNETES_VERSION}",
    links=("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl"),
)
COREDNS = Program("coredns", links=("coredns",))
S3 = Program("s3", package="github.com/versity/versitygw/cmd/versitygw")
PAUSE = Program("pause")
GATEWAY = Program("gateway", package="github.com/envoyproxy/gateway/cmd/envoy-gateway")
"""Minutes to build: only for who asks for a Gateway (`python3 -m cluster gateway`)."""
HOST_PROGRAMS = (KUBERNETES, COREDNS)
IMAGE_PROGRAMS = (S3, PAUSE)


def _go() -> str:
    # Go's own installer puts it here without touching anyone's PATH.
    if found := shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin"):
        return found
    raise ClusterError("Go is not installed; the cluster is built with Go 1.26 or newer")


def program_key(program: Program) -> str:
    """The hash of everything that the binary is made of."""
    files = sorted(path for path in program.module.iterdir() if path.suffix in {".go", ".mod", ".sum"})
    version = run([_go(), "env", "GOVERSION"], cwd=program.module)
    return content_key([version, program.package, program.linker_flags, *(path.read_bytes() for path in files)])


def build(program: Program) -> Path:
    """The program's binary in the cache, built now if it is not there."""

    def make(target: Path) -> None:
        command: list[str | Path] = [
            _go(),
            "build",
            "-trimpath",
            "-ldflags",
            program.linker_flags,
            "-o",
            target,
            program.package,
        ]
        run(command, cwd=program.module, env=BUILD_ENVIRONMENT)

    return cached_file(program.name, program_key(program), f"built {program.name} from its Go modules", make)


def module_folder(program: Program, module: str) -> Path:
    """The folder with the sources of a module that the program is made of, at the version that it pins."""
    return Path(run([_go(), "list", "-m", "-f", "{{.Dir}}", module], cwd=program.module).strip())


def link_host_programs() -> None:
    """Put every program that runs on the host into the state's `bin` folder, by the name that it answers to."""
    BIN.mkdir(parents=True, exist_ok=True)
    for program in HOST_PROGRAMS:
        binary = build(program)
        for name in program.links:
            link = BIN / name
            if link.is_symlink() and link.readlink() == binary:
                continue
            partial = BIN / f".{name}"
            partial.unlink(missing_ok=True)
            partial.symlink_to(binary)
            partial.replace(link)
