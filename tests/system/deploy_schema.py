#!/usr/bin/env python3
"""A version that callers of an endpoint would break on is neither deployed nor promoted, on both databases.

usage: deploy_schema.py BINARY
"""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402
from harness.models import MODELS, upload  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
COLUMNS = [f"x{number}" for number in range(1, 31)]


def register(server, columns, **marks):
    """A version of a real model whose MLmodel names these columns; `marks` go to the last one."""
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    inputs = [{"name": name, "type": "float"} for name in columns]
    inputs[-1].update(marks)
    upload(server, run["artifact_uri"], "model/model.onnx", (MODELS / "breast_cancer_lr/model.onnx").read_bytes())
    upload(server, run["artifact_uri"], "model/MLmodel", json.dumps(
        {"flavors": {"onnx": {"data": "model.onnx"}}, "signature": {"inputs": json.dumps(inputs)}}).encode())
    server.post("/api/2.0/mlflow/registered-models/create", {"name": "cancer"})
    answer = server.mlflow("model-versions/create", {"name": "cancer", "source": run["artifact_uri"] + "/model"})
    return answer["model_version"]["version"]


def refused(answer, version, why, live_version="1"):
    expect(answer.status == 400, f"{answer.status} {answer.body[:300]}")
    message = answer.json()["message"]
    expect(f"version {version} breaks callers of endpoint cancer, which serves version {live_version}: {why}" in message, message)


def accepted(answer):
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")


def step(server, name, version, **more):
    return server.post(f"/api/v1/endpoints/cancer/{name}", {"version": version, **more})


def ask(server, columns):
    row = {column: 1.0 for column in columns}
    return server.post("/endpoints/cancer/invocations", {"dataframe_records": [row]})


def breaking_versions_do_not_go_live(server):
    for columns in (COLUMNS, COLUMNS[:-1] + ["texture"], COLUMNS):
        register(server, columns)
    register(server, COLUMNS, required=False)
    new_column = "input texture is new and required"
    deploy = {"name": "cancer", "model": "cancer", "replicas": 1}
    accepted(server.post("/api/v1/endpoints", {**deploy, "version": "1"}))
    accepted(ask(server, COLUMNS))
    refused(server.post("/api/v1/endpoints", {**deploy, "version": "2"}), "2", new_column)
    refused(step(server, "canary", "2", weight=10), "2", new_column)
    expect(live(server) == ["1"], f"{live(server)}")
    accepted(ask(server, COLUMNS))
    # One that takes the same goes all the way, and back.
    accepted(step(server, "canary", "3", weight=10))
    accepted(step(server, "promote", "3"))
    accepted(server.post("/api/v1/endpoints/cancer/rollback", {}))
    expect(live(server) == ["1"], f"{live(server)}")
    # One that takes more than callers send takes the place at once.
    accepted(server.post("/api/v1/endpoints", {**deploy, "version": "4"}))
    accepted(ask(server, COLUMNS[:-1]))
    refused(server.post("/api/v1/endpoints", {**deploy, "version": "1"}), "1", "input x30 was optional and is required", live_version="4")
    # Whoever says that callers are ready may deploy it; from then on the old ones are told.
    accepted(server.post("/api/v1/endpoints/cancer/api-version", {"api_version": 2}))
    accepted(server.post("/api/v1/endpoints", {**deploy, "version": "2"}))
    accepted(ask(server, COLUMNS[:-1] + ["texture"]))
    answer = ask(server, COLUMNS)
    expect(answer.status == 400 and b"texture" in answer.body, f"{answer.status} {answer.body[:300]}")


def live(server):
    revisions = server.get("/api/v1/endpoints/cancer").json()["revisions"]
    return [revision["model_version"] for revision in revisions if revision["role"] == "live"]


def on(backend):
    def run():
        with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend()) as server:
            breaking_versions_do_not_go_live(server)
    return run


with Postgres() as postgres:
    run_tests([(f"breaking versions do not go live on {place}", on(backend))
               for place, backend in (("sqlite", lambda: ""), ("postgres", postgres.new_database))])
