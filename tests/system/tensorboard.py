#!/usr/bin/env python3
"""Follows event files that other processes write: a folder by the command line, artifacts by the server.

usage: tensorboard.py BINARY
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import event_file  # noqa: E402
from harness.millwright import ROOT, Failure, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
REAL = ROOT / "tests/data/tensorboard"
SECONDS_MAX = 60
POINTS = 400


def until(claim, what):
    """Asks again until the claim holds; the server's interval is what it waits for."""
    deadline = time.monotonic() + SECONDS_MAX
    asked = threading.Event()
    while time.monotonic() < deadline:
        if (answer := claim()):
            return answer
        asked.wait(0.05)
    raise Failure(f"not within {SECONDS_MAX} s: {what}")


def history(server, run_id, key):
    answer = server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key=key,
                        max_results=25000).json()
    return [(int(point.get("step", 0)), point["value"]) for point in answer.get("metrics", [])]


def runs_of(server, experiment):
    found = server.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name=experiment).json()
    ids = [found["experiment"]["experiment_id"]]
    runs = server.mlflow("runs/search", {"experiment_ids": ids}).get("runs", [])
    return {run["info"]["run_name"]: run for run in runs}


def follow(server, folder, *options):
    return subprocess.Popen([str(BINARY), "tensorboard", str(folder), "--interval-ms", "20", *options],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, "MILLWRIGHT_URI": server.uri})


def write_slowly(path, begun, may_end):
    """Appends records in pieces that end anywhere, as a buffer that is flushed does."""
    data = event_file.file_version()
    for step in range(POINTS):
        data += event_file.scalar(1000.0 + step, step, "loss", step * 0.5)
        data += event_file.histogram(1000.0 + step, step, "weights", [1, step, 2])
    path.parent.mkdir(parents=True, exist_ok=True)
    half = len(data) // 2
    with open(path, "ab", buffering=0) as out:
        for at in range(0, len(data), 97):
            if at > half:
                begun.set()
                may_end.wait(SECONDS_MAX)
            out.write(data[at:at + 97])


def kill_and_go_on():
    """A follower that is killed and started again doubles nothing and loses nothing."""
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as logs, \
            Server(BINARY, data) as server:
        path = pathlib.Path(logs) / "train" / "events.out.tfevents.1.host"
        begun, may_end = threading.Event(), threading.Event()
        writer = threading.Thread(target=write_slowly, args=(path, begun, may_end))
        writer.start()
        follower = follow(server, logs, "--experiment", "killed")
        begun.wait(SECONDS_MAX)
        run_id = until(lambda: runs_of_when_there(server, "killed"), "the run is there")
        until(lambda: len(history(server, run_id, "loss")) > POINTS // 4, "a part is read")
        follower.kill()
        follower.wait()
        may_end.set()
        writer.join()
        follower = follow(server, logs, "--experiment", "killed")
        until(lambda: len(history(server, run_id, "loss")) == POINTS, "all is read")
        follower.send_signal(signal.SIGINT)
        output = follower.communicate(timeout=SECONDS_MAX)[0]
        expect(follower.returncode == 0, f"status {follower.returncode}: {output}")
        expect(history(server, run_id, "loss") == [(step, step * 0.5) for step in range(POINTS)],
               "points are lost, doubled or changed")
        runs = runs_of(server, "killed")
        expect(list(runs) == ["train"], f"runs: {list(runs)}")
        expect(runs["train"]["info"]["status"] == "FINISHED", f"{runs['train']['info']}")
        state = server.get(f"/api/v1/runs/{run_id}/tensorboard").json()
        expect([(f["offset"], f["records"]) for f in state["files"]] ==
               [(path.stat().st_size, 2 * POINTS + 1)], f"files: {state['files']}")
        tags = {tag["tag"]: (tag["kind"], tag["seen"], tag["kept"]) for tag in state["tags"]}
        expect(tags == {"loss": ("scalar", POINTS, 0), "weights": ("histogram", POINTS, POINTS)},
               f"tags: {tags}")


def runs_of_when_there(server, experiment):
    if server.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name=experiment).status != 200:
        return None
    for run in runs_of(server, experiment).values():
        return run["info"]["run_id"]
    return None


def real_folder_once():
    """A folder of real writers' files is read once, twice, with the same result."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        for _ in range(2):
            server.cli("tensorboard", str(REAL), "--once", "--experiment", "real")
        runs = runs_of(server, "real")
        expect(sorted(runs) == ["hp", "hp/trial", "keras/train", "mlp", "mlp/pair/a", "mlp/pair/b"],
               f"runs: {sorted(runs)}")
        params = {p["key"]: p["value"] for p in runs["hp/trial"]["data"]["params"]}
        expect(params == {"lr": "0.1", "layers": "3", "optimizer": "adam", "nesterov": "true"}, f"{params}")
        run_id = runs["mlp"]["info"]["run_id"]
        expect(len(history(server, run_id, "loss/train")) == 30, "30 points of loss/train")
        page = server.get(f"/api/v1/runs/{run_id}/tensorboard/samples", kind="image", tag="samples",
                          limit=2).json()
        expect([s["step"] for s in page["samples"]] == [0, 5] and page["next_step"] == 10, f"{page}")
        image = server.get(f"/api/v1/runs/{run_id}/tensorboard/image", tag="samples", step=5)
        expect(image.headers["Content-Type"] == "image/png" and image.body.startswith(b"\x89PNG"),
               f"{image.status} {image.headers}")


def uploaded_artifacts():
    """Event files that a client uploads become metrics of that very run, and again when they grow."""
    with tempfile.TemporaryDirectory() as data, \
            Server(BINARY, data, "--tensorboard-interval-ms", "20") as server:
        info = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
        name = f"0/{info['run_id']}/artifacts/logs/events.out.tfevents.1.host"
        bytes_ = event_file.file_version() + event_file.scalar(1, 0, "loss", 2.0)
        for step in range(1, 4):
            answer = server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{name}", bytes_)
            expect(answer.status == 200, f"upload: {answer.status}")
            until(lambda: len(history(server, info["run_id"], "logs/loss")) == step, f"{step} points")
            bytes_ += event_file.scalar(1 + step, step, "loss", 2.0 + step)
        # A file that grows in place, as where the artifact folder is shared.
        growing = server.data / "artifacts" / f"0/{info['run_id']}/artifacts/events.out.tfevents.2.host"
        with open(growing, "ab", buffering=0) as out:
            for step in range(3):
                out.write(event_file.scalar(1 + step, step, "live", step))
                until(lambda: len(history(server, info["run_id"], "live")) == step + 1, "it grows live")


def switched_off():
    """With the option off nothing is read of artifacts."""
    with tempfile.TemporaryDirectory() as data, \
            Server(BINARY, data, "--no-tensorboard-watch") as server:
        info = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
        name = f"0/{info['run_id']}/artifacts/events.out.tfevents.1.host"
        server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{name}",
                       event_file.file_version() + event_file.scalar(1, 0, "loss", 2.0))
        server.mlflow("runs/update", {"run_id": info["run_id"], "status": "FINISHED", "end_time": 2})
        until(lambda: any(event["kind"] == "run.finished"
                          for event in server.get("/api/v1/events").json()["events"]), "the run ended")
        expect(history(server, info["run_id"], "loss") == [], "something was read")


run_tests([("a follower that is killed goes on and doubles nothing", kill_and_go_on),
           ("files of real writers are read once", real_folder_once),
           ("uploaded and growing artifacts are read into their run", uploaded_artifacts),
           ("the option turns reading of artifacts off", switched_off)])
