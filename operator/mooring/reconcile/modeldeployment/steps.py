"""The way that a canary takes: which steps, and where it stands on them."""

from __future__ import annotations

from collections.abc import Sequence

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.rollout import Step
from mooring.api.rolloutstatus import Phase, Progress
from mooring.reconcile.render import digest

DEFAULT_MAX_SECONDS = 1800
"""A step that says no time of its own is undecided after this."""
DEFAULT_STEPS = tuple(Step(name=f"weight-{weight}", weight=weight) for weight in (5, 25, 50))

Steps = tuple[Step, ...]


def steps_of(spec: ModelDeploymentSpec) -> Steps:
    """Return the steps that the spec asks for; none with strategy Replace."""
    if spec.rollout.strategy == "Replace":
        return ()
    return DEFAULT_STEPS if spec.rollout.steps is None else tuple(spec.rollout.steps)


def hash_of(steps: Sequence[Step]) -> str:
    """Return 8 hex digits that tell one list of steps from another."""
    return digest([step.to_json() for step in steps], 8)


def weight_before(steps: Sequence[Step], index: int) -> int:
    """Return the share that the steps before `index` led to the canary."""
    return max((step.weight or 0 for step in steps[:index]), default=0)


def share_of(steps: Sequence[Step], index: int) -> int:
    """Return the canary's share in a step: its own weight, or what it had before."""
    return steps[index].weight or weight_before(steps, index)


def seconds_of(step: Step) -> int:
    """Return after how long a step ends."""
    return step.max_seconds or DEFAULT_MAX_SECONDS


def phase_of(step: Step) -> Phase:
    """Return the phase of a step that is in force."""
    if step.shadow_per_cent is not None:
        return "Shadowing"
    return "Analysing" if step.weight is not None else "Paused"


def moved(progress: Progress, steps: Sequence[Step]) -> int:
    """Return where a rollout goes on when its steps were edited: at the step of the same name, else at the first."""
    names = [step.name for step in steps]
    if progress.step is not None and progress.step in names:
        return names.index(progress.step)
    return 0
