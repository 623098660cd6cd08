"""The user's own kubectl: its credentials, its contexts, its words when something is refused."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class KubectlFailed(Exception):
    """kubectl is not there or said no; the message is its own."""


@dataclass(frozen=True)
class Kubectl:
    """kubectl in a namespace and a context; None: those of the kubeconfig."""

    namespace: str | None = None
    context: str | None = None

    def read(self, kind: str, name: str) -> dict[str, Any]:
        """Return an object; raises KubectlFailed."""
        found: dict[str, Any] = json.loads(self.run("get", kind, name, "-o", "json"))
        return found

    def apply(self, manifest: str) -> str:
        """Apply a manifest and return what kubectl says; raises KubectlFailed."""
        return self.run("apply", "-f", "-", stdin=manifest)

    def run(self, *words: str, stdin: str | None = None) -> str:
        """Return what a command prints; raises KubectlFailed."""
        command = self.command(*words)
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise KubectlFailed(f"{command[0]} is not on the PATH: install kubectl, or set KUBECTL") from None
        if done.returncode:
            raise KubectlFailed(done.stderr.strip() or f"{' '.join(command[:3])} ended with {done.returncode}")
        return done.stdout

    def command(self, *words: str) -> Sequence[str]:
        """Return the whole command line."""
        place = ["--namespace", self.namespace] if self.namespace else []
        place += ["--context", self.context] if self.context else []
        return [os.environ.get("KUBECTL", "kubectl"), *place, *words]
