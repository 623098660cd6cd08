"""Makes the folders of `mlflow/` anew, with the real MLflow; the libraries' own answers are in `mlflow/answers.json`.

MLflow is no package of the tests (it drags eighty others), so they are made once, in an environment of their own:

    python3.11 -m venv /tmp/mlflow && /tmp/mlflow/bin/pip install mlflow-skinny==3.17.2 scikit-learn==1.9.1 skops \
        pandas xgboost-cpu==3.2.0 lightgbm==4.7.0 onnx skl2onnx onnxruntime
    /tmp/mlflow/bin/python tests/unit/artifact/brought/make_mlflow.py
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent / "mlflow"


def main() -> None:
    """Write every folder, and what their models answer to the first rows."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"age": random.normal(40, 10, 200), "hours": random.normal(30, 8, 200)})
    labels = (frame["age"] + frame["hours"] + random.normal(0, 5, 200) > 72).astype(int)
    mixed = frame.assign(school=np.where(random.random(200) < 0.5, "college", "none"))
    columns = ColumnTransformer([("n", StandardScaler(), ["age", "hours"]), ("t", OneHotEncoder(), ["school"])])
    pipeline = make_pipeline(columns, LogisticRegression()).fit(mixed, np.where(labels > 0, "yes", "no"))
    linear = LogisticRegression().fit(frame, labels)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2}, xgboost.DMatrix(frame, labels), 3)
    light = lightgbm.train(
        {"objective": "binary", "num_leaves": 4, "verbosity": -1}, lightgbm.Dataset(frame, labels), 3
    )
    graph = to_onnx(linear, frame[:1].to_numpy(np.float32), options={"zipmap": False})
    answers = {
        "sklearn": pipeline.predict_proba(mixed)[:, 1],
        "pickled": linear.predict_proba(frame)[:, 1],
        "xgboost": booster.predict(xgboost.DMatrix(frame)),
        "lightgbm": light.predict(frame),
        "onnx": linear.predict_proba(frame)[:, 1],
    }
    shutil.rmtree(HERE, ignore_errors=True)
    signature = infer_signature(frame)
    mlflow.sklearn.save_model(pipeline, HERE / "sklearn", signature=infer_signature(mixed))
    mlflow.sklearn.save_model(linear, HERE / "pickled", signature=signature, serialization_format="cloudpickle")
    mlflow.xgboost.save_model(booster, HERE / "xgboost", signature=signature)
    mlflow.lightgbm.save_model(light, HERE / "lightgbm", signature=signature)
    mlflow.onnx.save_model(graph, HERE / "onnx", signature=signature)
    found = {name: [round(float(value), 12) for value in values[:20]] for name, values in answers.items()}
    (HERE / "answers.json").write_text(json.dumps({"rows": mixed[:20].to_dict("list"), "answers": found}, indent=1))


if __name__ == "__main__":
    main()
