"""kubectl as a person uses it: in one namespace, each call bounded in time, what went wrong in its own words."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cluster import existing
from cluster.paths import ADMIN_KUBECONFIG, BIN, REPOSITORY
from demo.errors import DemoFailed
from demo.say import command, output
from mooring.api.base import GROUP

Resource = TypeVar("Resource", bound=BaseModel)

CALL_SECONDS = 60.0


def in_repository(path: Path) -> str:
    """Return a file's path as a person in the repository types it."""
    return str(path.relative_to(REPOSITORY))


def program() -> str:
    """Return the kubectl to use: the user's own with a cluster of their own, else the local cluster's."""
    return "kubectl" if existing.is_wanted() else str(BIN / "kubectl")


def kubeconfig() -> str:
    """Return the kubeconfig to use; raises DemoFailed where the local cluster is not up."""
    if existing.is_wanted():
        return existing.kubeconfig()
    if not ADMIN_KUBECONFIG.exists():
        raise DemoFailed("the local cluster is not up: `make demo` brings it up", "make cluster")
    return str(ADMIN_KUBECONFIG)


@dataclass(frozen=True)
class Kubectl:
    """Calls kubectl for one namespace."""

    namespace: str

    def words(self, *arguments: str) -> list[str]:
        """Return a command as it is shown."""
        return ["kubectl", "-n", self.namespace, *arguments]

    def show(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a command before the reader's eyes."""
        command(self.words(*arguments))
        text = self.run(*arguments, stdin=stdin)
        output(text)
        return text

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = CALL_SECONDS) -> str:
        """Run a command and return what it printed; raises DemoFailed with what it complained of."""
        shown = " ".join(self.words(*arguments)[:8])
        try:
            done = subprocess.run(
                self.real(*arguments),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                env=self.environment(),
                cwd=REPOSITORY,
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise DemoFailed("kubectl is not installed, and a cluster of your own needs it") from None
        except subprocess.TimeoutExpired:
            raise DemoFailed(f"`{shown}` gave no answer within {seconds:.0f} s", "make cluster") from None
        if done.returncode != 0:
            raise DemoFailed(f"`{shown}` failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def real(self, *arguments: str) -> list[str]:
        """Return a command as it is run."""
        return [program(), "-n", self.namespace, *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment that kubectl runs in."""
        return {**os.environ, "KUBECONFIG": kubeconfig()}

    def read(self, model: type[Resource], name: str) -> Resource | None:
        """Return a resource of ours, or None where there is none."""
        kind = f"{model.__name__.lower()}.{GROUP}"
        text = self.run("get", kind, name, "-o", "json", "--ignore-not-found")
        return model.model_validate_json(text) if text.strip() else None

    def apply(self, path: Path) -> None:
        """Apply a file of the repository before the reader's eyes."""
        self.show("apply", "-f", in_repository(path))

    def apply_object(self, thing: Mapping[str, object]) -> None:
        """Apply an object that is not worth a reader's time."""
        self.run("apply", "-f", "-", stdin=json.dumps(thing))
