"""Saves a pickle as an MLflow model; runs in MLflow's environment: python mlflow_save.py <pickle> <folder>."""

import sys

import joblib
import mlflow.sklearn

mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format="cloudpickle")
