"""Which of a model's features its predictions are counted apart by: those of which the profile has segments."""

from __future__ import annotations

from mooring.artifact.manifest import Interface
from mooring.ledger.binner import Strata
from mooring.ledger.packed import Kinds
from mooring.ledger.profile import Profile
from mooring.ledger.slicer import SlicedFeature, Slicer


def sliced_features(manifest: Interface, profile: Profile | None) -> list[SlicedFeature]:
    """Return the features and their segments, in the profile's order; raises ValueError where the model lacks one."""
    places = {feature.name: index for index, feature in enumerate(manifest.features)}
    found: dict[str, list[float | str]] = {}
    for segment in (profile.segments if profile else None) or ():
        is_text = isinstance(segment.value, str)
        at = places.get(segment.column)
        if at is None or (manifest.features[at].datatype == "BYTES") != is_text:
            kind = "text" if is_text else "number"
            raise ValueError(f"segments are of {segment.column!r}, a {kind}, and the model has no such feature")
        found.setdefault(segment.column, []).append(segment.value)
    return [SlicedFeature(places[name], name, values) for name, values in found.items()]


def slicer_of(manifest: Interface, profile: Profile | None, strata: Strata) -> Slicer | None:
    """Return what finds the segments of a request's rows; None: there are none, and codes are strata."""
    features = sliced_features(manifest, profile)
    if not features:
        return None
    kinds = Kinds([feature.datatype == "BYTES" for feature in manifest.features])
    return Slicer(kinds, features, (len(strata.edges) + 1) * strata.classes)
