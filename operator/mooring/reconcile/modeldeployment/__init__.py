"""ModelDeployment: which version is wanted, what must run for it, and when it takes over."""

from mooring.reconcile.modeldeployment.planner import ModelDeploymentPlanner

__all__ = ["ModelDeploymentPlanner"]
