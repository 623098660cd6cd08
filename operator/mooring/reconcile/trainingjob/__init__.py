"""TrainingJob: from a recipe to runs, from a run to a Job, from a report to a ModelVersion."""

from mooring.reconcile.trainingjob.planner import TrainingJobPlanner

__all__ = ["TrainingJobPlanner"]
