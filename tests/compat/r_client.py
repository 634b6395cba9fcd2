#!/usr/bin/env python3
"""Drives the real binary by MLflow's own R client, on SQLite and on PostgreSQL.

usage: r_client.py BINARY

MLFLOW_R_LIBS names an R library in which `library(mlflow)` works; Debian has R but not that package, so without one
this test is reported as not run. MLFLOW_BIN and MLFLOW_PYTHON_BIN name MLflow's command line, by which the R client
moves files.
"""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from foreign_client import drive_on_both_databases, require  # noqa: E402

CLIENT_SECONDS_MAX = 600


def main():
    libraries = require("MLFLOW_R_LIBS", "an R library with MLflow's client")
    environment = dict(os.environ, R_LIBS=libraries)
    drive_on_both_databases(
        pathlib.Path(sys.argv[1]).resolve(), "MLflow's R client",
        lambda server: ["Rscript", str(HERE / "r_client_flows.R"), server.uri],
        seconds_max=CLIENT_SECONDS_MAX, environment=environment)


main()
