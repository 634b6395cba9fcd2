#!/usr/bin/env python3
"""Trains a scikit-learn pipeline and writes it as a folder with an MLmodel, as MLflow's log_model lays it.

usage: train.py FOLDER
"""
import json
import pathlib
import pickle
import sys

import pandas
import sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MLMODEL = """\
flavors:
  python_function:
    env:
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: pickle
    sklearn_version: {version}
signature:
  inputs: '{inputs}'
  outputs: '{outputs}'
  params: null
"""


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    table, species = load_iris(return_X_y=True, as_frame=True)
    table.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(table, pandas.Series(["setosa", "versicolor", "virginica"])[species].to_numpy())
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    inputs = [{"type": "double", "name": name, "required": True} for name in table.columns]
    outputs = [{"type": "string", "required": True}]
    (folder / "requirements.txt").write_text(f"scikit-learn=={sklearn.__version__}\n")
    (folder / "python_env.yaml").write_text(
        f"python: {sys.version.split()[0]}\ndependencies:\n- -r requirements.txt\n")
    # Last, so that a folder with an MLmodel is whole.
    (folder / "MLmodel").write_text(MLMODEL.format(
        version=sklearn.__version__, inputs=json.dumps(inputs), outputs=json.dumps(outputs)))


main()
