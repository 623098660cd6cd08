"""The identity of a recipe: what, when changed, makes another model."""

from __future__ import annotations

from mooring.api.trainingjob import TrainingJobSpec
from mooring.reconcile.render import digest

HASH_VERSION = "v1"


def recipe_hash(spec: TrainingJobSpec) -> str:
    """Return `v1:<16 hex digits>` over data, trainer and seed.

    An allow-list, with values equal to their defaults left out: a new field or a new default of Mooring changes no
    hash. Credentials, gates and resources are not part of it, since they do not change what is learnt.
    """
    data = spec.data.model_dump(mode="json", exclude_defaults=True, exclude={"secret_name"})
    trainer = spec.trainer.model_dump(mode="json", exclude_defaults=True)
    parameters = sorted((item.name, item.value) for item in spec.trainer.sklearn.parameters)
    recipe = {
        "data": data | {"ignore": sorted(spec.data.ignore)},
        "trainer": trainer,
        "parameters": parameters,
        "seed": spec.run.seed,
    }
    trainer["sklearn"].pop("parameters", None)
    return f"{HASH_VERSION}:{digest(recipe, 16)}"


def same_version(left: str, right: str) -> bool:
    """Tell whether two hashes were made the same way: others cannot be compared, and never start a run."""
    return left.partition(":")[0] == right.partition(":")[0]
