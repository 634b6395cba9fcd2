#!/usr/bin/env python3
"""Drives the real binary by MLflow's own Python client, on SQLite and on PostgreSQL.

usage: python_client.py BINARY

MLFLOW_PYTHON names an interpreter in which `import mlflow` works (2.x or 3.x, with scikit-learn, pandas, matplotlib
and psutil); no package registry of ours has it, so without one this test is reported as not run.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from harness.millwright import Counts, Failure, Postgres, Server, run_tests  # noqa: E402

CLIENT_SECONDS_MAX = 1500
NOT_RUN = 77  # CMakeLists.txt tells ctest that this status means so


def drive(python, server):
    done = subprocess.run([python, HERE / "python_client_flows.py", server.uri], text=True, stderr=subprocess.STDOUT,
                          stdout=subprocess.PIPE, timeout=CLIENT_SECONDS_MAX)
    print(done.stdout, flush=True)
    closing = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not closing:
        raise Failure(f"the client ended with {done.returncode}")
    return Counts(int(closing[1]), int(closing[2]))


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    python = os.environ.get("MLFLOW_PYTHON")
    if not python:
        print("not run: MLFLOW_PYTHON names no interpreter with MLflow's Python client")
        sys.exit(NOT_RUN)
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch:
        def on(database):
            backend = postgres.new_database() if database == "postgres" else ""
            with Server(binary, pathlib.Path(scratch) / database, backend=backend) as server:
                return drive(python, server)

        run_tests([(f"MLflow's Python client on {database}", lambda database=database: on(database))
                   for database in ("sqlite", "postgres")])


main()
