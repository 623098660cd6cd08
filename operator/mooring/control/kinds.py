"""Where each kind of object lives in the API."""

from __future__ import annotations

from mooring.reconcile.plan import API_VERSIONS, CHILDREN, LABEL_MANAGED, POLLED, RESOURCES

WATCHED = (*RESOURCES, *CHILDREN)
MANAGED_SELECTOR = f"{LABEL_MANAGED}=mooring"
"""Which children travel to us. Decided by the API server: a cluster's other pods cost us nothing."""

FIELD_MANAGER = "mooring"

_OWN_USE = {"Lease": "coordination.k8s.io/v1", "Event": "events.k8s.io/v1"}


def plural(kind: str) -> str:
    """Return the name of a kind in a URL."""
    name = kind.lower()
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def group_version(kind: str) -> tuple[str, str]:
    """Return the group (empty for core) and the version of a kind."""
    group, _, version = (API_VERSIONS.get(kind) or _OWN_USE[kind]).rpartition("/")
    return group, version


def selector(kind: str) -> str:
    """Return the label selector that the watch on a kind uses; empty for our own resources."""
    return MANAGED_SELECTOR if kind in (*CHILDREN, *POLLED) else ""


def path(kind: str, namespace: str | None, name: str = "", subresource: str = "") -> str:
    """Return the path of a collection, an object, or a subresource; `namespace` None: in all namespaces."""
    group, version = group_version(kind)
    parts = ["", "apis", group, version] if group else ["", "api", version]
    if namespace is not None:
        parts += ["namespaces", namespace]
    parts += [part for part in (plural(kind), name, subresource) if part]
    return "/".join(parts)
