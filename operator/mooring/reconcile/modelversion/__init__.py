"""ModelVersion: a record needs little; its status mirrors who serves it."""

from mooring.reconcile.modelversion.planner import ModelVersionPlanner

__all__ = ["ModelVersionPlanner"]
