#!/usr/bin/env python3
"""Drives the real binary by MLflow's own Python client, on SQLite and on PostgreSQL.

usage: python_client.py BINARY

MLFLOW_PYTHON names an interpreter in which `import mlflow` works (2.x or 3.x, with scikit-learn, pandas, matplotlib
and psutil); no package registry of ours has it, so without one this test is reported as not run.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from foreign_client import drive_on_both_databases, require  # noqa: E402

CLIENT_SECONDS_MAX = 1500


def main():
    python = require("MLFLOW_PYTHON", "an interpreter with MLflow's Python client")
    drive_on_both_databases(
        pathlib.Path(sys.argv[1]).resolve(), "MLflow's Python client",
        lambda server: [python, str(HERE / "python_client_flows.py"), server.uri], seconds_max=CLIENT_SECONDS_MAX)


main()
