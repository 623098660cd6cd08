"""Objects as the API server tells of them, for tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND

_uids = count(1)


def labels(owner: str, kind: str = "TrainingJob") -> dict[str, str]:
    return {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: kind, LABEL_OWNER: owner}


def seen(name: str, revision: int = 1, uid: str = "", **more: Any) -> dict[str, Any]:
    """Return an object in the namespace `space`; `labels`, `annotations` and such go into its metadata."""
    spec = {"spec": more.pop("spec")} if "spec" in more else {}
    identity = {"name": name, "namespace": "space", "uid": uid or f"uid-{next(_uids)}"}
    return {"metadata": {**identity, "resourceVersion": str(revision), **more}, **spec}
