"""What the process has seen of the cluster.

Watches, own writes and audits all report here, in any order. An object only ever moves forward, so a late event
cannot undo what our own write has already shown, and a plan made right after a write sees that write.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from mooring.control.keys import model_of, named_by, owner_of
from mooring.reconcile.driftseen import DriftSeen
from mooring.reconcile.observed import Observed
from mooring.reconcile.plan import API_VERSIONS, Key, Object

TOMBSTONE_SECONDS = 600.0
"""Longer than any event can be late: the API server itself forgets after minutes."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_Id = tuple[str, str, str]
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def projection(kind: str, obj: Object) -> dict[str, Any]:
    """Return the object as plans see it: without what only field managers read, with what items of lists lack."""
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    annotations = metadata.get("annotations")
    if annotations and _LAST_APPLIED in annotations:
        metadata["annotations"] = {name: text for name, text in annotations.items() if name != _LAST_APPLIED}
    return {"apiVersion": API_VERSIONS[kind], **obj, "kind": kind, "metadata": metadata}


def revision(obj: Object) -> int:
    """Return the resourceVersion as a number; they grow within a resource. Unreadable: 0."""
    text = str(obj["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0


def uid(obj: Object) -> str:
    """Return the uid: a name may be used again, a uid never is."""
    return str(obj["metadata"].get("uid", ""))


def identity(kind: str, obj: Object) -> _Id:
    """Return what an object is stored under."""
    return kind, str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])


class ObjectCache:
    """Implements `mooring.reconcile.plan.Cache`; every look-up costs what it returns."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._objects: dict[tuple[str, str], dict[str, Object]] = defaultdict(dict)
        self._children: dict[tuple[str, Key], dict[str, Object]] = defaultdict(dict)
        self._models: dict[_Id, dict[str, Object]] = defaultdict(dict)
        self._policies: dict[_Id, dict[str, Object]] = defaultdict(dict)
        self._tombstones: OrderedDict[str, float] = OrderedDict()
        self._observed: dict[Key, Observed] = {}
        self._drift: dict[Key, DriftSeen] = {}

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return an object by name."""
        return self._objects.get((kind, namespace), {}).get(name)

    def all(self, kind: str, namespace: str) -> Iterable[Object]:
        """Return every object of a kind in a namespace."""
        return tuple(self._objects.get((kind, namespace), {}).values())

    def children(self, kind: str, owner: Key) -> Iterable[Object]:
        """Return the objects of a kind that carry the owner's labels."""
        return tuple(self._children.get((kind, owner), {}).values())

    def observed(self, key: Key) -> Observed | None:
        """Return what observers brought from outside the API."""
        return self._observed.get(key)

    def bring(self, key: Key, observed: Observed | None) -> None:
        """Take in what an observer saw; None where there is nothing to observe any more."""
        _put(self._observed, key, observed)

    def drift(self, key: Key) -> DriftSeen | None:
        """Return what the drift observer brought for a DriftPolicy."""
        return self._drift.get(key)

    def bring_drift(self, key: Key, seen: DriftSeen | None) -> None:
        """Take in the evidence about what a DriftPolicy watches; None where there is no such policy any more."""
        _put(self._drift, key, seen)

    def of_model(self, kind: str, namespace: str, model: str) -> Iterable[str]:
        """Return the names of the resources of a kind that speak of a model."""
        return tuple(self._models.get((kind, namespace, model), {}))

    def policies_of(self, kind: str, namespace: str, name: str) -> Iterable[str]:
        """Return the names of the DriftPolicies that name a resource."""
        return tuple(self._policies.get((kind, namespace, name), {}))

    def every(self, kind: str) -> Iterator[Object]:
        """Return every object of a kind, in all namespaces."""
        spaces = [objects for (stored, _), objects in self._objects.items() if stored == kind]
        return (obj for objects in spaces for obj in tuple(objects.values()))

    def count(self, kind: str) -> int:
        """Return how many objects of a kind there are."""
        return sum(len(objects) for (stored, _), objects in self._objects.items() if stored == kind)

    def known(self, uid: str, kind: str, namespace: str, name: str) -> bool:
        """Return whether an object was seen, alive or deleted."""
        held = self.get(kind, namespace, name)
        return uid in self._tombstones or (held is not None and held["metadata"].get("uid") == uid)

    def observe(self, kind: str, obj: Object) -> bool:
        """Take in an object that exists; return whether that is news."""
        self._expire()
        held = self.get(*identity(kind, obj))
        if uid(obj) in self._tombstones or (held is not None and not _newer(obj, held)):
            return False
        if held is not None:
            self._drop(kind, held)
        self._store(kind, projection(kind, obj))
        return True

    def forget(self, kind: str, obj: Object) -> bool:
        """Take in that an object is gone; return whether that is news. A successor of the same name stays."""
        self._expire()
        if uid(obj):
            self._tombstones[uid(obj)] = self._clock() + TOMBSTONE_SECONDS
        held = self.get(*identity(kind, obj))
        if held is None or uid(held) != uid(obj):
            return False
        self._drop(kind, held)
        return True

    def _store(self, kind: str, obj: Object) -> None:
        _, namespace, name = identity(kind, obj)
        self._objects[kind, namespace][name] = obj
        if (owner := owner_of(obj)) is not None:
            self._children[kind, owner][name] = obj
        if (model := model_of(kind, obj)) is not None:
            self._models[kind, namespace, model][name] = obj
        for what, other in named_by(kind, obj):
            self._policies[what, namespace, other][name] = obj

    def _drop(self, kind: str, obj: Object) -> None:
        _, namespace, name = identity(kind, obj)
        _discard(self._objects, (kind, namespace), name)
        if (owner := owner_of(obj)) is not None:
            _discard(self._children, (kind, owner), name)
        if (model := model_of(kind, obj)) is not None:
            _discard(self._models, (kind, namespace, model), name)
        for what, other in named_by(kind, obj):
            _discard(self._policies, (what, namespace, other), name)

    def _expire(self) -> None:
        now = self._clock()
        while self._tombstones and next(iter(self._tombstones.values())) <= now:
            self._tombstones.popitem(last=False)


def _put(shelf: dict[_Key, _Value], key: _Key, value: _Value | None) -> None:
    if value is None:
        shelf.pop(key, None)
    else:
        shelf[key] = value


def _newer(obj: Object, held: Object) -> bool:
    """Return whether `obj` is a later state than `held`; states that cannot be compared count as later."""
    return revision(obj) == 0 or revision(obj) > revision(held)


def _discard(index: dict[_Key, dict[str, Object]], key: _Key, name: str) -> None:
    """Remove an entry, and its shelf when that is empty: memory follows the number of objects."""
    shelf = index[key]
    del shelf[name]
    if not shelf:
        del index[key]
