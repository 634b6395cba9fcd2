#!/usr/bin/env python3
"""Measures what reading the registry takes at 10,000 models of 20 versions, and at one of 10,000 versions.

usage: bench/registry/run.py BINARY [SECONDS]

The rows are put into the database beside the server, as an import would; the requests are those of MLflow's
client and of the list of models in the browser, by one client over one connection, on SQLite and on PostgreSQL.
Each kind is asked for SECONDS (1) with names that are drawn anew. It prints p50 and p99 in milliseconds and the
ratio of the p50 to that of GET /health in the same run, which is what HTTP alone costs.
"""
import http.client
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from harness.millwright import Postgres, Server  # noqa: E402

MODELS, VERSIONS, LARGE_VERSIONS = 10_000, 20, 10_000
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {models})
INSERT INTO registered_models (model_seq, name, description, created_ms, updated_ms)
SELECT i, 'model-' || i, 'Predicts the ' || i || 'th thing', 1700000000000 + i, 1700000000000 + i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {versions})
INSERT INTO model_versions (model_seq, version, source, artifact_uri, run_id, run_link, stage, status, created_ms, updated_ms)
SELECT m.model_seq, n.i, 's3://models/' || m.model_seq || '/' || n.i, 's3://models/' || m.model_seq || '/' || n.i,
  'run' || (m.model_seq * 100 + n.i), '', CASE n.i WHEN 20 THEN 'Production' WHEN 19 THEN 'Staging' ELSE 'None' END, 'READY',
  1700000000000 + m.model_seq * 100 + n.i, 1700000000000 + m.model_seq * 100 + n.i FROM registered_models m, n;
WITH RECURSIVE n(i) AS (SELECT 21 UNION ALL SELECT i + 1 FROM n WHERE i < {large})
INSERT INTO model_versions (model_seq, version, source, artifact_uri, run_id, run_link, stage, status, created_ms, updated_ms)
SELECT 1, i, 's3://large/' || i, 's3://large/' || i, 'large' || i, '', 'None', 'READY', 1800000000000 + i, 1800000000000 + i FROM n;
INSERT INTO model_aliases (model_seq, alias, version) SELECT model_seq, 'champion', 20 FROM registered_models;
INSERT INTO model_tags (model_seq, key, value) SELECT model_seq, 'team', 'team' || (model_seq % 100) FROM registered_models;
INSERT INTO model_version_tags (model_seq, version, key, value)
SELECT model_seq, version, 'validated', CASE WHEN (model_seq + version) % 50 = 0 THEN 'yes' ELSE 'no' END FROM model_versions;
"""


def kinds(draw):
    """The requests by name; `draw` gives a number of a model. Model 1 is the one of many versions."""
    def get(path, **query):
        return f"/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}"
    some = lambda: f"model-{draw()}"  # noqa: E731
    models, versions = "registered-models/search", "model-versions/search"
    return {
        "get a model": lambda: get("registered-models/get", name=some()),
        "get a version": lambda: get("model-versions/get", name=some(), version=random.randint(1, VERSIONS)),
        "get by alias": lambda: get("registered-models/alias", name=some(), alias="champion"),
        "versions and checks for a page": lambda: f"/api/v1/models/{some()}/versions/{random.randint(1, VERSIONS)}",
        "first page of models": lambda: get(models, max_results=100),
        "models by name": lambda: get(models, filter=f"name = '{some()}'"),
        "models by a part of the name": lambda: get(models, filter=f"name ILIKE '%{draw()}%'", max_results=100),
        "models by tag": lambda: get(models, filter=f"tags.team = 'team{random.randint(0, 99)}'", max_results=100),
        "models by change, newest first": lambda: get(models, order_by="last_updated_timestamp DESC", max_results=100),
        "versions of a model": lambda: get(versions, filter=f"name = '{some()}'"),
        "versions of a run": lambda: get(versions, filter=f"run_id = 'run{draw() * 100 + 7}'"),
        "versions by tag": lambda: get(versions, filter="tags.validated = 'yes'", max_results=100),
        "versions by tag of a model": lambda: get(versions, filter=f"name = '{some()}' AND tags.validated = 'yes'"),
        "versions by source": lambda: get(versions, filter=f"source_path = 's3://models/{draw()}/7'"),
        "versions by a part of the name": lambda: get(versions, filter=f"name LIKE 'model-{draw()}%'", max_results=100),
        "newest versions of all": lambda: get(versions, max_results=100),
        "large: get the model": lambda: get("registered-models/get", name="model-1"),
        "large: get a version": lambda: get("model-versions/get", name="model-1", version=random.randint(1, LARGE_VERSIONS)),
        "large: get by alias": lambda: get("registered-models/alias", name="model-1", alias="champion"),
        "large: first page of versions": lambda: get(versions, filter="name = 'model-1'", max_results=100),
        "large: newest versions": lambda: get(versions, filter="name = 'model-1'", order_by="version_number DESC", max_results=100),
    }


def ask(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:300]}")


def measure(connection, path, seconds):
    ask(connection, path())
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end or len(times) < 20:
        asked = path()
        begin = time.perf_counter()
        ask(connection, asked)
        times.append((time.perf_counter() - begin) * 1000)
    times.sort()
    return times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)], len(times)


def fill(server, backend, data):
    statements = FILL.format(models=MODELS, versions=VERSIONS, large=LARGE_VERSIONS)
    server.stop()
    if backend:
        # PostgreSQL would do so by itself within minutes.
        subprocess.run([str(Postgres.BIN / "psql"), "-q", "-v", "ON_ERROR_STOP=1", backend],
                       input=statements + "ANALYZE;", text=True, check=True)
    else:
        with sqlite3.connect(next(pathlib.Path(data).glob("*.db"))) as database:
            database.executescript(statements)
    server.start()


def run(name, backend, seconds):
    random.seed(7)
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend) as server:
        fill(server, backend, data)
        address = urllib.parse.urlsplit(server.uri)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=300)
        floor, _, _ = measure(connection, lambda: "/health", seconds)
        print(f"{name}: {MODELS:,} models of {VERSIONS} versions; GET /health {floor:.2f} ms", flush=True)
        for kind, path in kinds(lambda: random.randint(2, MODELS)).items():
            p50, p99, count = measure(connection, path, seconds)
            print(f"  {kind:34} p50 {p50:8.2f} ms  p99 {p99:8.2f} ms  {p50 / floor:7.1f} × health  {count:6} requests", flush=True)


BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 1
run("SQLite", "", SECONDS)
with Postgres() as postgres:
    run("PostgreSQL", postgres.new_database(), SECONDS)
