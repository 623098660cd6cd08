"""Which version should be served."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.api.modelversion import ModelVersion
from mooring.reconcile.modeldeployment.identity import Identity, identify
from mooring.reconcile.modeldeployment.seen import Seen

ANNOTATION_RETRY = "mooring.dev/retry"


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


def retry_of(seen: Seen) -> tuple[str, str] | None:
    """Return (version, annotation) of a retry that was asked for and not handled yet."""
    value = seen.deployment.metadata.annotations.get(ANNOTATION_RETRY)
    if not value or len(value) > 128 or value == seen.deployment.status.last_retry:
        return None
    return value.partition("/")[0], value


def choose(seen: Seen) -> Choice:
    """Return the version that the spec asks for: the pinned one, or the highest Passed one not withdrawn here."""
    return _pinned(seen, seen.deployment.spec.version) if seen.deployment.spec.version else _followed(seen)


def _pinned(seen: Seen, name: str) -> Choice:
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
    reason = _withdrawn(seen, identity)
    if reason is not None:
        return _no(
            "VersionWithdrawn",
            f"{name} was withdrawn here ({reason}): pin another version, "
            f"or set annotation {ANNOTATION_RETRY}: {name}/<any new word> to try it again",
        )
    return Choice(version, identity, "Pinned", f"{name} is pinned")


def _followed(seen: Seen) -> Choice:
    stable = seen.deployment.status.stable
    floor = int(stable.version.rpartition("-v")[2]) if stable else 0
    passed = [item for item in seen.versions.values() if item.spec.gate.verdict == "Passed"]
    for version in sorted(passed, key=lambda item: item.spec.number, reverse=True):
        identity = identify(seen.deployment.spec, version)
        if version.spec.number >= floor and _withdrawn(seen, identity) is None:
            return Choice(version, identity, "Followed", f"{version.metadata.name} is the newest that passed its gate")
    return _kept(seen) or _nothing(seen)


def _kept(seen: Seen) -> Choice | None:
    """Return what serves, where nothing may follow it: it goes on, also under an edited template."""
    stable = seen.deployment.status.stable
    version = seen.versions.get(stable.version) if stable else None
    if version is None:
        return None
    identity = identify(seen.deployment.spec, version)
    if _withdrawn(seen, identity) is not None:
        return None
    return Choice(
        version, identity, "Kept", f"{version.metadata.name} is kept: no version from it on has passed its gate"
    )


def _nothing(seen: Seen) -> Choice:
    others = len(seen.versions)
    why = f"{others} exist, none of them Passed and not withdrawn" if others else "none is recorded yet"
    return _no("NoVersion", f"no version of {seen.deployment.spec.model} to follow: {why}; or pin one by spec.version")


def _withdrawn(seen: Seen, identity: Identity) -> str | None:
    retry = retry_of(seen)
    if retry is not None and retry[0] == identity.version:
        return None
    for entry in seen.deployment.status.withdrawn:
        if Identity(entry.version, entry.template) == identity:
            return entry.reason
    return None


def _no(reason: str, message: str) -> Choice:
    return Choice(None, None, reason, message)
