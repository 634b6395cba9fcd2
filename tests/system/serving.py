#!/usr/bin/env python3
"""Replicas under load: a killed one costs no request, a promotion costs none, a restarted server
still serves.

usage: serving.py BINARY
"""
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.load import Load  # noqa: E402
from harness.millwright import Postgres, Server, expect, replace_by_another, run_tests  # noqa: E402
from harness.models import MODELS, create_version, first_case, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 60


def deploy(server, replicas):
    version = register(server, "cancer")
    answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer",
                                               "version": version, "replicas": replicas})
    expect(answer.status == 200, f"deploy: {answer.status} {answer.body[:300]}")
    return version


def replicas_of(server, role="live"):
    endpoint = server.get("/api/v1/endpoints/cancer").json()
    return [replica for revision in endpoint["revisions"] if revision["role"] == role
            for replica in revision["replicas"] if replica["state"] == "ready"]


def kill_replicas(replicas):
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        deploy(server, replicas)
        with Load(server, "cancer") as load:
            for _ in range(3):
                load.wait_for(50)
                before = replicas_of(server)
                expect(before, "no replica is ready")
                os.kill(before[0]["pid"], signal.SIGKILL)
                load.wait_for(50)
                deadline = time.monotonic() + SECONDS_MAX
                while before[0]["pid"] in [r["pid"] for r in replicas_of(server)] or \
                        len(replicas_of(server)) < replicas:
                    expect(time.monotonic() < deadline, "the replica was not replaced")
                    load.wait_for(10)
        expect(not load.failures, f"{len(load.failures)} of {load.answered} failed: {load.failures[:3]}")


def program_is_replaced():
    """An upgrade while a server runs: what it starts afterwards is still itself, until it is restarted."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "millwright"
        shutil.copy(BINARY, program)
        with Server(program, pathlib.Path(folder) / "data") as server:
            deploy(server, 1)
            with Load(server, "cancer") as load:
                load.wait_for(50)
                replace_by_another(program)
                first = replicas_of(server)[0]["pid"]
                os.kill(first, signal.SIGKILL)
                deadline = time.monotonic() + SECONDS_MAX
                while not (after := [r["pid"] for r in replicas_of(server) if r["pid"] != first]):
                    expect(time.monotonic() < deadline, "the replica was not replaced")
                    load.wait_for(10)
                load.wait_for(50)
            load.none_failed()
            name = pathlib.Path(f"/proc/{after[0]}/comm").read_text().strip()
            started_as = pathlib.Path(f"/proc/{after[0]}/cmdline").read_bytes().split(b"\0")[0].decode()
            expect((name, started_as) == ("millwright", str(program)), f"ps shows {name}, {started_as}")
            register(server, "cancer")  # the file is judged by a process of its own
            asked = server.post("/api/v1/endpoints/cancer/predictions/query", {"sql": "SELECT 6 * 7 AS answer"})
            expect(asked.status == 200 and asked.json()["rows"] == [[42]], f"{asked.status} {asked.body[:300]}")


def pass_gate(server, version):
    """The champion's alias is refused while the gate's check is missing, and moves once it passed."""
    gate = server.post("/api/v1/models/cancer/gate", {"aliases": ["champion"], "checks": ["parity"]})
    expect(gate.status == 200, f"gate: {gate.status} {gate.body[:300]}")
    alias = {"name": "cancer", "alias": "champion", "version": version}
    refused = server.post("/api/2.0/mlflow/registered-models/alias", alias)
    expect(refused.status == 400 and "parity" in refused.json()["message"],
           f"the gate let it pass: {refused.status} {refused.body[:300]}")
    server.post(f"/api/v1/models/cancer/versions/{version}/checks",
                {"name": "parity", "passed": True, "summary": "the same answers"})
    moved = server.post("/api/2.0/mlflow/registered-models/alias", alias)
    expect(moved.status == 200, f"alias: {moved.status} {moved.body[:300]}")


def promote(backend=""):
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend) as server:
        deploy(server, 2)
        second = register(server, "cancer")
        with Load(server, "cancer") as load:
            load.wait_for(50)
            for step, body in (("shadow", {"version": second}),
                               ("canary", {"version": second, "weight": 10}),
                               ("promote", {"version": second})):
                if step == "promote":
                    pass_gate(server, second)
                answer = server.post(f"/api/v1/endpoints/cancer/{step}", body)
                expect(answer.status == 200, f"{step}: {answer.status} {answer.body[:300]}")
                load.wait_for(100)
        expect(not load.failures, f"{len(load.failures)} of {load.answered} failed: {load.failures[:3]}")
        live = [r for r in server.get("/api/v1/endpoints/cancer").json()["revisions"]
                if r["role"] == "live"]
        expect([r["model_version"] for r in live] == [second], f"live: {live}")
        expect(server.stop() == 0, "the server did not end cleanly")
        server.start()
        request, _ = first_case()
        answer = server.post("/v2/models/cancer/infer", request)
        expect(answer.status == 200, f"after a restart: {answer.status} {answer.body[:300]}")


def promote_on_postgres():
    with Postgres() as postgres:
        promote(postgres.new_database())


def answers_are_the_models():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        deploy(server, 1)
        request, expected = first_case()
        answer = server.post("/v2/models/cancer/infer", request).json()
        for output in answer["outputs"]:
            wanted = next(o for o in expected if o["name"] == output["name"])
            expect(len(output["data"]) == len(wanted["data"]) and
                   all(abs(a - b) <= 1e-5 for a, b in zip(output["data"], wanted["data"])),
                   f"{output['name']}: {output['data'][:5]} instead of {wanted['data'][:5]}")


def refuses_broken_models():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--scan-policy", "block") as server:
        broken = sorted((MODELS / "broken").glob("*.onnx"))
        expect(len(broken) >= 20, f"only {len(broken)} broken models are in tests/data")
        for file in broken:
            if file.stem == "bit_flip":  # a valid model with other weights: only a checksum can tell
                continue
            answer = create_version(server, "broken", file)
            expect(answer.status == 400, f"{file.name}: {answer.status} {answer.body[:200]}")
            expect(len(answer.json()["message"]) > 20, f"{file.name}: no reason: {answer.body}")
        found = server.get("/api/2.0/mlflow/model-versions/search", filter="name='broken'").json()
        expect(not found.get("model_versions"), f"half-registered: {found}")


run_tests([("an endpoint answers what the model answers", answers_are_the_models),
           ("broken models are refused at registration where the policy is block", refuses_broken_models),
           ("a killed replica of two costs no request", lambda: kill_replicas(2)),
           ("a killed only replica costs no request", lambda: kill_replicas(1)),
           ("a program that is replaced goes on with itself", program_is_replaced),
           ("shadow, canary, gate and promotion cost no request on sqlite", promote),
           ("shadow, canary, gate and promotion cost no request on postgres", promote_on_postgres)])
