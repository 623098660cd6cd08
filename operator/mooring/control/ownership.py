"""Whether an object that has the name we need is ours."""

from __future__ import annotations

from typing import Literal

from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND, Object

Whose = Literal["ours", "leftover", "stranger"]
"""`leftover`: made by us for an earlier resource of the same name, and about to be collected with it."""


def whose(live: Object, manifest: Object) -> Whose:
    """Return whose the live object is, seen from what we would write.

    With an owner reference the owner's uid decides; without one (the object outlives its maker) our label does.
    """
    if _labels(live).get(LABEL_MANAGED) != "mooring":
        return "stranger"
    wanted = _owners(manifest)
    if not wanted or wanted & _owners(live):
        return "ours"
    same_owner = all(_labels(live).get(name) == _labels(manifest).get(name) for name in (LABEL_OWNER_KIND, LABEL_OWNER))
    return "leftover" if same_owner and _owners(live) else "stranger"


def _labels(obj: Object) -> Object:
    return obj["metadata"].get("labels") or {}


def _owners(obj: Object) -> set[str]:
    return {str(reference["uid"]) for reference in obj["metadata"].get("ownerReferences") or ()}
