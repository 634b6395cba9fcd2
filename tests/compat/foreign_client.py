"""Drives servers by clients that are not in Debian and npm: who runs a test says where such a client is."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Counts, Failure, Postgres, Server, run_tests  # noqa: E402

NOT_RUN = 77  # CMakeLists.txt tells ctest that this status means so


def require(variable, meaning):
    """What an environment variable names; without it the test ends as not run, and says so."""
    value = os.environ.get(variable)
    if not value:
        print(f"not run: {variable} names no {meaning.removeprefix('a ').removeprefix('an ')}")
        sys.exit(NOT_RUN)
    return value


def run_client(command, seconds_max, environment=None):
    """Runs a client to its end, shows what it prints, and takes its closing line."""
    done = subprocess.run(command, text=True, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, timeout=seconds_max,
                          env=environment)
    print(done.stdout, flush=True)
    closing = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not closing:
        raise Failure(f"the client ended with {done.returncode}")
    return Counts(int(closing[1]), int(closing[2]))


def drive_on_both_databases(binary, name, command, seconds_max, environment=None):
    """Runs `command(server)` against a server on each database, as the tests of this program."""
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch:
        def on(database):
            backend = postgres.new_database() if database == "postgres" else ""
            with Server(binary, pathlib.Path(scratch) / database, backend=backend) as server:
                return run_client(command(server), seconds_max, environment)

        run_tests([(f"{name} on {database}", lambda database=database: on(database))
                   for database in ("sqlite", "postgres")])
