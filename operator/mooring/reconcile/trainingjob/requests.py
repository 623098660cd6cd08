"""Whether a run is wanted, and who asked for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mooring.api.trainingjob import TrainingJob
from mooring.reconcile.conditions import shorten
from mooring.reconcile.trainingjob.recipe import same_version
from mooring.reconcile.trainingjob.seen import Seen

ANNOTATION_RUN = "mooring.dev/run"
_TOKEN = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?(,force)?$")


@dataclass(frozen=True)
class Request:
    """A run that somebody asked for."""

    id: str
    reason: str
    token: str | None = None
    force: bool = False


def token_problem(job: TrainingJob) -> str | None:
    """Return what is wrong with the annotation that asks for a run, or None."""
    value = job.metadata.annotations.get(ANNOTATION_RUN)
    if value is None or _TOKEN.match(value):
        return None
    return (
        f"annotation {ANNOTATION_RUN} must be a token of letters, digits, '.', '_' and '-' (at most 64), "
        "for example friday, or friday,force to run even if nothing changed"
    )


def adopts_recipe(seen: Seen, recipe: str) -> bool:
    """Tell whether the recipe counts as already run: a restored backup and a new way of hashing train nothing."""
    before = seen.job.status.recipe_hash
    if before is not None:
        return before != recipe and not same_version(before, recipe)
    made = (version.spec.provenance for version in seen.versions)
    return any(came_of is not None and came_of.recipe_hash == recipe for came_of in made)


def wanted(seen: Seen, recipe: str) -> Request | None:
    """Return the run that should start, or None.

    A token comes first: its run serves a changed recipe too. A policy comes last: either run may be what it wants.
    """
    return _by_token(seen.job) or _by_recipe(seen, recipe) or _by_policy(seen)


def _by_token(job: TrainingJob) -> Request | None:
    value = job.metadata.annotations.get(ANNOTATION_RUN)
    if value is None or token_problem(job) is not None:
        return None
    token, _, force = value.partition(",")
    request = f"token/{token}"
    if token == job.status.last_token or request in job.status.handled:
        return None
    return Request(request, f"asked for by annotation {ANNOTATION_RUN}: {token}", token, force == "force")


def _by_recipe(seen: Seen, recipe: str) -> Request | None:
    before = seen.job.status.recipe_hash
    if before == recipe or adopts_recipe(seen, recipe):
        return None
    return Request(f"recipe/{recipe}", "new recipe" if before is None else "the recipe changed")


def _by_policy(seen: Seen) -> Request | None:
    """Return the first request of a DriftPolicy that was not answered; what was made for one is its answer too."""
    made = {version.spec.provenance.request for version in seen.versions if version.spec.provenance is not None}
    answered = {*seen.job.status.handled, *(run.request for run in seen.job.status.runs), *made}
    for policy in seen.policies:
        asked = policy.status.request
        if asked is not None and asked.id not in answered:
            return Request(asked.id, shorten(f"DriftPolicy {policy.metadata.name}: {asked.reason}"))
    return None
