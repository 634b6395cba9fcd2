#!/usr/bin/env python3
"""Drives the real binary by MLflow's own Java client and that client's own tests, on SQLite and on PostgreSQL.

usage: java_client.py BINARY

MLFLOW_JAVA_CLASSPATH has the client, its tests and what both need, TestNG and Mockito among it; Debian has all but the
client, so without one this test is reported as not run. MLflow's command line must be what `python -m mlflow` runs: the
Java client moves files by it.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from foreign_client import require  # noqa: E402
from harness.millwright import Counts, Failure, Postgres, Server, run_tests  # noqa: E402

CLIENT_SECONDS_MAX = 600
CLASSES = ["MlflowClientTest", "ActiveRunTest", "MlflowContextTest", "ModelRegistryMlflowClientTest"]

# Tests that ask for something else than MLflow's database server answers, with the reason.
KNOWN = {
    "deleteTag": "asks for the words of MLflow's file store (\"Run 'x' not found\"), not of its database store",
    "checkParamsAndMetrics": "logs two values of one metric at one step and takes the later one for the latest, which "
                             "MLflow and Millwright say only of different milliseconds; here both come in one",
}


def run_class(name, classpath, server):
    """Each class has a server of its own, for it counts the experiments that there are."""
    with tempfile.TemporaryDirectory() as reports:
        done = subprocess.run(
            ["java", "-cp", classpath, "org.testng.TestNG", "-d", reports, "-verbose", "2", "-testclass",
             "org.mlflow.tracking." + name],
            env=dict(os.environ, MLFLOW_TRACKING_URI=server.uri), text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=CLIENT_SECONDS_MAX)
    counts = re.search(r"^Total tests run: (\d+), Failures: (\d+), Skips: (\d+)", done.stdout, re.M)
    if not counts or int(counts[3]):
        raise Failure(f"{name} did not run to its end:\n{done.stdout[-4000:]}")
    failed = re.findall(r"^FAILED: (\S+)", done.stdout, re.M)
    for test in failed:
        print(f"{'known  ' if test in KNOWN else 'FAILED '} {name}.{test} {KNOWN.get(test, '')}", flush=True)
    unknown = [test for test in failed if test not in KNOWN]
    if unknown:
        print("\n".join(line for line in done.stdout.splitlines() if not line.startswith("[")), flush=True)
    return Counts(int(counts[1]) - int(counts[2]), len(unknown))


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    classpath = require("MLFLOW_JAVA_CLASSPATH", "a class path with MLflow's Java client")
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch:
        def on(database, name):
            backend = postgres.new_database() if database == "postgres" else ""
            with Server(binary, pathlib.Path(scratch) / (database + name), backend=backend) as server:
                return run_class(name, classpath, server)

        run_tests([(f"MLflow's {name} on {database}", lambda database=database, name=name: on(database, name))
                   for database in ("sqlite", "postgres") for name in CLASSES])


main()
