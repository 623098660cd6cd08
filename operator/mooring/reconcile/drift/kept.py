"""Where a watch is kept: its state in one ConfigMap of the policy, its windows in another, whole at every write."""

from __future__ import annotations

import base64
import binascii
import logging

from mooring.api.base import ObjectMeta
from mooring.reconcile.drift.saved import restore, save
from mooring.reconcile.drift.tape import Tape, pack, unpack
from mooring.reconcile.drift.watch import SLOT, Watched
from mooring.reconcile.plan import Apply, Cache, Key
from mooring.reconcile.render import child

logger = logging.getLogger(__name__)

KIND = "DriftPolicy"
MOST_BYTES = 384 << 10
"""Compressed, of the state: 12 segments of 100 features weigh 310 KiB when everything moves and 52 days wait."""
_STATE = "state.json.zlib"
_WINDOWS = "windows.json.zlib"


def keep(owner: ObjectMeta, watched: Watched) -> Apply:
    """Return what should exist so that the next operator goes on where this one was; raises ValueError if too large."""
    written = save(watched)
    if len(written) > MOST_BYTES:
        raise ValueError(
            f"what is known weighs {len(written):,} bytes, more than {MOST_BYTES:,}: leave features out by "
            "spec.features.exclude, or columns of spec.segments; until then evidence is lost when the operator restarts"
        )
    # For people; the state has the same.
    said = {"version": watched.version, "watermark": str(watched.slots.through * SLOT), "alarms": str(watched.alarmed)}
    body = {"data": said, "binaryData": {_STATE: base64.b64encode(written).decode()}}
    return Apply(child("ConfigMap", f"{owner.name}-drift", KIND, owner, body, part="drift"))


def keep_windows(owner: ObjectMeta, tape: Tape) -> Apply:
    """Return what should exist so that the windows can be replayed."""
    body = {"binaryData": {_WINDOWS: base64.b64encode(pack(tape)).decode()}}
    return Apply(child("ConfigMap", f"{owner.name}-windows", KIND, owner, body, part="windows"))


def kept(cache: Cache, owner: ObjectMeta) -> Watched | None:
    """Return the state that was kept for a policy, or None where there is none that can be read."""
    written = _read(cache, owner, f"{owner.name}-drift", _STATE)
    try:
        return restore(written) if written is not None else None
    except ValueError as error:
        _say(owner, "evidence begins anew", error)
        return None


def kept_windows(cache: Cache, owner: ObjectMeta) -> Tape:
    """Return the windows that were kept for a policy."""
    written = _read(cache, owner, f"{owner.name}-windows", _WINDOWS)
    try:
        return unpack(written) if written is not None else Tape()
    except ValueError as error:
        _say(owner, "the tape of windows begins anew", error)
        return Tape()


def _read(cache: Cache, owner: ObjectMeta, name: str, field: str) -> bytes | None:
    """Return what lies there; what an earlier policy of the same name left is not this one's."""
    found = cache.get("ConfigMap", owner.namespace, name)
    if found is None or owner.uid not in {one.get("uid") for one in found["metadata"].get("ownerReferences") or ()}:
        return None
    text = (found.get("binaryData") or {}).get(field)
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except binascii.Error as error:
        _say(owner, "what was kept cannot be read", error)
        return None


def _say(owner: ObjectMeta, what: str, error: ValueError) -> None:
    key = Key(KIND, owner.namespace, owner.name)
    logger.warning(what, extra={"key": key, "why": str(error)[:200]})
