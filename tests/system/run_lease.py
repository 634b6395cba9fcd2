#!/usr/bin/env python3
"""Lets the processes of runs die, and waits until the server says so.

usage: run_lease.py BINARY
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROWS = ROOT / "tests/data/models/flights_late_xgb/rows.csv"
SECONDS_MAX = 60
REASON = re.compile(r"no sign of life for (\d+) s \(lease of (\d+) s\)")
# Goes on until it is stopped, as far as a test can tell.
TRAINING = """
experiment: endless
label: late
features: [minute_of_day, day_of_week, distance]
trainer: {rounds_max: 10000, early_stopping_rounds: 0, seed: 1, threads: 1}
search:
  trials: 2
  space:
    max_depth: {type: int, low: 10, high: 12}
    eta: {type: uniform, low: 0.001, high: 0.002}
"""


class EventStream:
    """What GET /api/v1/events/stream tells from now on."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX)
        self.connection.request("GET", "/api/v1/events/stream")
        self.stream = self.connection.getresponse()

    def until(self, claim, what):
        deadline = time.monotonic() + SECONDS_MAX
        with contextlib.suppress(TimeoutError):
            while (left := deadline - time.monotonic()) > 0:
                self.connection.sock.settimeout(left)
                line = self.stream.readline().decode()
                if not line:
                    raise Failure(f"the stream ended before {what}")
                if line.startswith("data: ") and claim(event := json.loads(line[6:])):
                    return event
        raise Failure(f"not within {SECONDS_MAX} s: {what}")

    def finish_of(self, run_id):
        return self.until(lambda event: event["kind"] == "run.finished" and event["subject"] == f"run:{run_id}",
                          f"the end of run {run_id}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


def create_run(server, **tags):
    run = server.mlflow("runs/create", {
        "experiment_id": "0", "start_time": int(time.time() * 1000),
        "tags": [{"key": "millwright." + key, "value": str(value)} for key, value in tags.items()]})
    return run["run"]["info"]["run_id"]


def get_run(server, run_id):
    run = server.get("/api/2.0/mlflow/runs/get", run_id=run_id).json()["run"]
    return run["info"], {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}


def expect_dead(server, run_id, event, lease_s):
    info, tags = get_run(server, run_id)
    match = REASON.fullmatch(event["payload"].get("reason", ""))
    expect(match and int(match[2]) == lease_s <= int(match[1]), f"reason: {event}")
    expect(event["payload"]["status"] == "FAILED" and event["who"] == "system", f"{event}")
    expect(info["status"] == "FAILED" and info["end_time"] >= info["start_time"], f"{info}")
    expect(tags.get("millwright.end_reason") == match[0], f"{tags}")
    expect(match[0] in server.cli("runs", "show", run_id).stdout, "runs show says why")


def add_dataset(server):
    server.cli("data", "upload", "arrivals", str(ROWS))
    server.cli("data", "split", "arrivals", "--name", "first", "--kind", "random", "--seed", "1",
               "--part", "train=0.6", "--part", "validation=0.2", "--part", "test=0.2")


@contextlib.contextmanager
def training(server, events, folder, lease_s):
    """A training with two trials, both of which have logged something; yields it and their runs."""
    file = pathlib.Path(folder) / "train.yaml"
    file.write_text(TRAINING)
    process = subprocess.Popen(
        [str(BINARY), "train", str(file), "--dataset", "arrivals", "--split", "first", "--lease-s", str(lease_s)],
        env={**os.environ, "MILLWRIGHT_URI": server.uri}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        runs = [events.until(lambda event: event["kind"] == "run.created", "a trial")["subject"][4:]
                for _ in range(2)]
        yield process, runs
    finally:
        process.kill()
        process.wait(SECONDS_MAX)
        process.stdout.close()


def heartbeats(server):
    text = server.get("/metrics").body.decode()
    counts = re.findall(r'^millwright_http_requests_total\{route="/api/v1/runs/\{run_id\}/lease",method="POST",'
                        r'status="200"\} (\d+)', text, re.M)
    return sum(map(int, counts))


def kill_training(server):
    """kill -9 of a training: each of its runs ends by its own lease."""
    with tempfile.TemporaryDirectory() as folder, EventStream(server) as events:
        with training(server, events, folder, lease_s=2) as (process, runs):
            # They outlive more than one lease before.
            for run_id in runs:
                begun_ms = server.get(f"/api/v1/runs/{run_id}/lease").json()["renewed_ms"]
                while server.get(f"/api/v1/runs/{run_id}/lease").json()["renewed_ms"] < begun_ms + 5_000:
                    expect(process.poll() is None, "the training ended by itself")
                    expect(get_run(server, run_id)[0]["status"] == "RUNNING", "a run that lives was ended")
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(0.2)
            expect(heartbeats(server) >= len(runs), "no trial told that it lives")
            process.send_signal(signal.SIGKILL)
            ended = {event["subject"][4:]: event for event in (
                events.until(lambda event: event["kind"] == "run.finished", "the ends") for _ in runs)}
        expect(sorted(ended) == sorted(runs), f"{ended} are not {runs}")
        for run_id in runs:
            expect_dead(server, run_id, ended[run_id], 2)


def stop_training(server):
    """SIGTERM of a training: it says itself that its runs were killed."""
    with tempfile.TemporaryDirectory() as folder, EventStream(server) as events:
        with training(server, events, folder, lease_s=600) as (process, runs):
            process.terminate()
            for _ in runs:
                event = events.until(lambda event: event["kind"] == "run.finished", "the ends")
                expect(event["payload"]["status"] == "KILLED", f"{event}")
            expect(process.wait(SECONDS_MAX) == 1, f"status {process.returncode}")
            text = process.stdout.read()
        expect("Stopped by a signal" in text, f"{text!r}")
        for run_id in runs:
            info, tags = get_run(server, run_id)
            expect(info["status"] == "KILLED" and "end_time" in info, f"{info}")
            expect(tags["millwright.end_reason"] == "stopped by a signal", f"{tags}")


def train():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        add_dataset(server)
        kill_training(server)
        stop_training(server)


def unmodified_clients():
    """With --run-lease-s a silent run ends, comes back when it is heard of, and may decline."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--run-lease-s", "1") as server:
        with EventStream(server) as events:
            declining = create_run(server, lease_s=0)
            silent = create_run(server)
            expect_dead(server, silent, events.finish_of(silent), 1)
            late = server.post(f"/api/v1/runs/{silent}/lease", {})
            expect(late.status == 200 and late.json()["status"] == "RUNNING", f"{late.status} {late.body}")
            events.until(lambda event: event["kind"] == "run.revived", "a late run's return")
            info, tags = get_run(server, silent)
            expect(info["status"] == "RUNNING" and "end_time" not in info and "millwright.end_reason" not in tags,
                   f"{info} {tags}")
            expect_dead(server, silent, events.finish_of(silent), 1)
            expect(get_run(server, declining)[0]["status"] == "RUNNING", "a run that declined")
        server.stop()
        server.start()
        with EventStream(server) as events:
            next_run = create_run(server)
            events.finish_of(next_run)
            expect(get_run(server, declining)[0]["status"] == "RUNNING", "a run that declined")


class SlowUpload(threading.Thread):
    """A client that sends one file of a run piece by piece, until it is told to die."""

    def __init__(self, server, folder):
        super().__init__()
        self.over = threading.Event()
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX)
        self.connection.putrequest("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{folder}/artifacts/model.bin")
        self.connection.putheader("Content-Length", str(1 << 30))
        self.connection.endheaders()
        self.start()

    def run(self):
        while not self.over.wait(0.1):
            self.connection.send(b"x" * 4096)
        self.connection.close()


def long_uploads():
    """A run lives while a file of it or of its model is on its way, however long that takes."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--run-lease-s", "3") as server, \
            EventStream(server) as events:
        runs = [create_run(server) for _ in range(2)]
        model = server.mlflow("logged-models", {"experiment_id": "0", "name": "big", "source_run_id": runs[1]})
        folders = [runs[0], "models/" + model["model"]["info"]["model_id"]]
        uploads = [SlowUpload(server, folder) for folder in folders]
        try:
            for _ in range(2):
                events.finish_of(create_run(server))
            for run_id in runs:
                expect(get_run(server, run_id)[0]["status"] == "RUNNING", "a run that uploads was ended")
        finally:
            for upload in uploads:
                upload.over.set()
            for upload in uploads:
                upload.join(SECONDS_MAX)
        ended = {events.until(lambda event: event["kind"] == "run.finished", "their ends")["subject"][4:] for _ in runs}
        expect(ended == set(runs), f"{ended} are not {runs}")


def two_servers():
    """Two servers over one PostgreSQL end a run once."""
    with Postgres() as postgres, tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        backend = postgres.new_database()
        with Server(BINARY, one, backend=backend) as first, Server(BINARY, two, backend=backend) as second, \
                EventStream(second) as events:
            runs = [create_run(server, lease_s=1) for server in (first, second) for _ in range(20)]
            ended = []
            while set(ended) != set(runs):
                event = events.until(lambda event: event["kind"] == "run.finished", "the ends")
                ended.append(event["subject"][4:])
            # When this one is dead, both have looked at the others again.
            last = create_run(second, lease_s=1)
            while not ended.count(last):
                event = events.until(lambda event: event["kind"] == "run.finished", "the last end")
                ended.append(event["subject"][4:])
            expect(all(ended.count(run_id) == 1 for run_id in [*runs, last]), f"ended twice: {ended}")


run_tests([("a training that is killed or stopped", train),
           ("runs of unmodified clients", unmodified_clients),
           ("a run that uploads for long", long_uploads),
           ("two servers over one PostgreSQL", two_servers)])
