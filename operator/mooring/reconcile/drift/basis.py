"""What the counts of a version are held against, as its pods tell it."""

from __future__ import annotations

from dataclasses import dataclass

from mooring.ledger.layout import Layout
from mooring.ledger.profile import Profile
from mooring.reconcile.drift.reference import Asked, Fitted, digest_of
from mooring.reconcile.drift.sliced import numbers_of
from mooring.stats.drift import Settings


@dataclass(frozen=True)
class Basis:
    """The same as long as a version is watched."""

    layout: Layout
    profile: Profile | None
    digest: str = ""
    """Of the profile."""
    lacking: str = ""
    """Why there is no profile, as a sentence."""


def basis_of(version: str, layout: Layout, profile: Profile | None) -> Basis:
    """Return the basis of a version; one whose profile is of no use is held against nothing."""
    if profile is None:
        return Basis(layout, None, lacking=f"{version} came without a profile")
    try:
        fitted = Fitted(layout, Asked(Settings(), segments=tuple(numbers_of(layout))), profile)
        for tests in (fitted, *(segment.fitted for segment in fitted.segments)):
            _ = tests.watch
    except ValueError as error:
        return Basis(layout, None, lacking=f"the profile of {version} does not fit its ledgers ({error})")
    return Basis(layout, profile, digest_of(profile))
