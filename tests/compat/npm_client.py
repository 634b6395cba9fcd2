#!/usr/bin/env python3
"""Drives the real binary by the npm package `mlflow`, on SQLite and on PostgreSQL.

usage: npm_client.py BINARY

scripts/install-deps puts Node.js into the cache and the package into tests/compat/npm/node_modules.
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

CLIENT_SECONDS_MAX = 120


def node():
    cache = os.environ.get("MILLWRIGHT_CACHE")
    home = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    return pathlib.Path(cache or os.path.join(home, "millwright")) / "node-22.23.3/bin/node"


def drive(server):
    if not (HERE / "npm/node_modules/mlflow").is_dir():
        raise Failure("the npm package mlflow is missing: run scripts/install-deps")
    done = subprocess.run([node(), HERE / "npm/client.js", server.uri], capture_output=True, text=True,
                          timeout=CLIENT_SECONDS_MAX)
    print(done.stdout + done.stderr, flush=True)
    closing = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not closing:
        raise Failure(f"the client ended with {done.returncode}")
    return Counts(int(closing[1]), int(closing[2]))


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch:
        def on(database):
            backend = postgres.new_database() if database == "postgres" else ""
            with Server(binary, pathlib.Path(scratch) / database, backend=backend) as server:
                return drive(server)

        run_tests([(f"npm client on {database}", lambda database=database: on(database))
                   for database in ("sqlite", "postgres")])


main()
