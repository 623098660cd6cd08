"""Which version should be served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mooring.api.modelversion import ModelVersion
from mooring.api.rolloutstatus import Arm, HistoryEntry, Previous, Withdrawn
from mooring.reconcile.modeldeployment.identity import Identity, identify
from mooring.reconcile.modeldeployment.requests import annotation
from mooring.reconcile.modeldeployment.seen import Seen


@dataclass(frozen=True)
class Choice:
    """The version that should serve, or why what is asked for cannot be."""

    version: ModelVersion | None
    identity: Identity | None
    reason: str
    message: str

    @property
    def refused(self) -> bool:
        """Tell whether a person must change something first."""
        return self.version is None and self.reason != "NoVersion"


@dataclass(frozen=True)
class Standing:
    """What a choice depends on besides the spec."""

    stable: Arm | None
    previous: Previous | None
    withdrawn: tuple[Withdrawn, ...]
    history: tuple[HistoryEntry, ...]

    def why_withdrawn(self, identity: Identity) -> str | None:
        """Return why a version and template were withdrawn here, or None."""
        found = (entry.reason for entry in self.withdrawn if Identity(entry.version, entry.template) == identity)
        return next(found, None)


def choose(seen: Seen, standing: Standing) -> Choice:
    """Return the version that should serve.

    Where what serves was withdrawn: the one before it. Else the pinned one, or the highest Passed one not withdrawn.
    """
    stable = standing.stable
    if stable is not None and standing.why_withdrawn(Identity(stable.version, stable.template)) is not None:
        back = way_back(seen, standing)
        if back is not None:
            version = seen.versions[back.version]
            return Choice(version, back, "Returned", f"{stable.version} was withdrawn, {back.version} served before it")
    if seen.deployment.spec.version:
        return _pinned(seen, standing, seen.deployment.spec.version)
    return _followed(seen, standing)


def way_back(seen: Seen, standing: Standing) -> Identity | None:
    """Return what served before, newest first, of which record and template are still there."""
    for identity in _served_before(seen, standing):
        stable = standing.stable
        is_stable = stable is not None and identity == Identity(stable.version, stable.template)
        if not is_stable and identity.version in seen.versions and standing.why_withdrawn(identity) is None:
            return identity
    return None


def _served_before(seen: Seen, standing: Standing) -> Iterator[Identity]:
    if standing.previous is not None:
        yield Identity(standing.previous.version, standing.previous.template)
    for entry in standing.history:
        if entry.outcome not in ("Promoted", "RolledBack") or entry.from_ is None:
            continue
        kept = Identity(entry.from_, entry.from_template or "")
        if kept.child_name(seen.deployment.metadata.name) in seen.revisions:
            yield kept
        elif (version := seen.versions.get(entry.from_)) is not None:
            yield identify(seen.deployment.spec, version)


def _pinned(seen: Seen, standing: Standing, name: str) -> Choice:
    version = seen.versions.get(name)
    if version is None:
        known = sorted(seen.versions, key=lambda item: seen.versions[item].spec.number, reverse=True)[:5]
        there = f"there are {', '.join(known)}" if known else f"model {seen.deployment.spec.model} has none yet"
        return _no("VersionNotFound", f"version {name} does not exist: {there}")
    if version.spec.gate.verdict == "Rejected" and not seen.deployment.spec.accept_rejected:
        return _no(
            "VersionRejected",
            f"{name} was rejected by its gate ({version.spec.gate.message}): "
            "pin another version, or set acceptRejected: true to serve it all the same",
        )
    identity = identify(seen.deployment.spec, version)
    reason = standing.why_withdrawn(identity)
    if reason is not None:
        return _no(
            "VersionWithdrawn",
            f"{name} was withdrawn here ({reason}): pin another version, "
            f"or set annotation {annotation('retry')}: {name}/<any new word> to try it again",
        )
    return Choice(version, identity, "Pinned", f"{name} is pinned")


def _followed(seen: Seen, standing: Standing) -> Choice:
    stable = standing.stable
    floor = int(stable.version.rpartition("-v")[2]) if stable else 0
    passed = [item for item in seen.versions.values() if item.spec.gate.verdict == "Passed"]
    for version in sorted(passed, key=lambda item: item.spec.number, reverse=True):
        identity = identify(seen.deployment.spec, version)
        if version.spec.number >= floor and standing.why_withdrawn(identity) is None:
            return Choice(version, identity, "Followed", f"{version.metadata.name} is the newest that passed its gate")
    return _kept(seen, standing) or _nothing(seen)


def _kept(seen: Seen, standing: Standing) -> Choice | None:
    """Return what serves, where nothing may follow it: it goes on, also under an edited template."""
    stable = standing.stable
    version = seen.versions.get(stable.version) if stable else None
    if version is None:
        return None
    identity = identify(seen.deployment.spec, version)
    if standing.why_withdrawn(identity) is not None:
        return None
    return Choice(
        version, identity, "Kept", f"{version.metadata.name} is kept: no version from it on has passed its gate"
    )


def _nothing(seen: Seen) -> Choice:
    others = len(seen.versions)
    why = f"{others} exist, none of them Passed and not withdrawn" if others else "none is recorded yet"
    return _no("NoVersion", f"no version of {seen.deployment.spec.model} to follow: {why}; or pin one by spec.version")


def _no(reason: str, message: str) -> Choice:
    return Choice(None, None, reason, message)
