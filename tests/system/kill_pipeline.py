#!/usr/bin/env python3
"""kill -9 of the server in the middle of a pipeline: it resumes and repeats no finished step.

usage: kill_pipeline.py BINARY
"""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
# `gate` says on a pipe that it runs and waits to read a line of another, so that the kill surely falls
# into it.
PIPELINE = """
name: crash
tasks:
  first:
    run: echo first >> {folder}/done; echo "answer=42" >> "$MILLWRIGHT_OUTPUT"
  gate:
    needs: [first]
    run: |
      echo started > {folder}/started
      read -r _ < {folder}/open
      echo gate >> {folder}/done
  last:
    needs: [gate]
    run: echo last ${{{{ tasks.first.outputs.answer }}}} >> {folder}/done
"""


def lines(path):
    return path.read_text().split("\n")[:-1] if path.exists() else []


def on(backend):
    with tempfile.TemporaryDirectory() as scratch, \
            Server(BINARY, pathlib.Path(scratch) / "data", backend=backend) as server:
        folder = pathlib.Path(scratch)
        os.mkfifo(folder / "started")
        os.mkfifo(folder / "open")
        registered = server.post("/api/v1/pipelines", {"yaml": PIPELINE.format(folder=folder)})
        expect(registered.status == 200, registered.body[:300])
        run = server.post("/api/v1/pipelines/crash/runs", {"params": {}}).json()
        expect((folder / "started").read_text() == "started\n", "the gate's first attempt")
        server.kill()
        server.start()
        expect((folder / "started").read_text() == "started\n", "the gate's second attempt")
        (folder / "open").write_text("go on\n")
        path = f"/api/v1/pipeline-runs/{run['id']}"
        server.wait_for(lambda: server.get(path).json()["state"] not in ("queued", "running"),
                        "the run's end")
        ended = server.get(path).json()
        expect(ended["state"] == "succeeded", f"the run {ended['state']}: {ended}")
        expect(lines(folder / "done") == ["first", "gate", "last 42"],
               f"the steps done were {lines(folder / 'done')}")
        attempts = {task["name"]: len(task["attempts"]) for task in ended["tasks"]}
        expect(attempts == {"first": 1, "gate": 2, "last": 1}, f"attempts {attempts}")


def on_postgres():
    with Postgres() as postgres:
        on(postgres.new_database())


run_tests([("a killed pipeline resumes on sqlite", lambda: on("")),
           ("a killed pipeline resumes on postgres", on_postgres)])
