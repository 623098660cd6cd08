"""Where the judge's state is kept: in a ConfigMap of the ModelDeployment, whole at every write."""

from __future__ import annotations

import logging

from mooring.api.base import ObjectMeta
from mooring.reconcile.judging.saved import restore, save
from mooring.reconcile.judging.watch import Watch
from mooring.reconcile.plan import Apply, Cache, Delete, Key
from mooring.reconcile.render import child

logger = logging.getLogger(__name__)

KIND = "ModelDeployment"
_FIELD = "watch.json"


def keep(owner: ObjectMeta, watch: Watch) -> Apply:
    """Return what should exist so that the next operator goes on where this one was."""
    return Apply(child("ConfigMap", _name(owner.name), KIND, owner, {"data": {_FIELD: save(watch)}}, part="judge"))


def kept(cache: Cache, key: Key) -> Watch | None:
    """Return the state that was kept, or None where there is none that can be read."""
    found = cache.get("ConfigMap", key.namespace, _name(key.name))
    text = ((found or {}).get("data") or {}).get(_FIELD)
    if text is None:
        return None
    try:
        return restore(text)
    except ValueError as error:
        logger.warning("the judge begins anew", extra={"key": key, "why": str(error)[:200]})
        return None


def discard(cache: Cache, key: Key) -> Delete | None:
    """Return the end of the state of a rollout that is over, where it was kept."""
    found = cache.get("ConfigMap", key.namespace, _name(key.name))
    if found is None or found["metadata"].get("deletionTimestamp"):
        return None
    return Delete("ConfigMap", key.namespace, _name(key.name), found["metadata"]["uid"])


def _name(deployment: str) -> str:
    return f"{deployment}-judge"
