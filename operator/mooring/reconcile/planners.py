"""Every planner there is."""

from __future__ import annotations

from mooring.reconcile.driftpolicy import DriftPolicyPlanner
from mooring.reconcile.modeldeployment import ModelDeploymentPlanner
from mooring.reconcile.modelversion import ModelVersionPlanner
from mooring.reconcile.plan import Planner
from mooring.reconcile.trainingjob import TrainingJobPlanner

PLANNERS: tuple[Planner, ...] = (
    TrainingJobPlanner(),
    ModelVersionPlanner(),
    ModelDeploymentPlanner(),
    DriftPolicyPlanner(),
)
