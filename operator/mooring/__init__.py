"""Mooring keeps machine-learning models from drifting: data to model to predictions and back, on Kubernetes."""

__version__ = "0.1.0"
