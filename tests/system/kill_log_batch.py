#!/usr/bin/env python3
"""kill -9 of the server during log-batch and log-metric load loses no acknowledged point.

usage: kill_log_batch.py BINARY
"""
import http.client
import os
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROUNDS = 100 if os.environ.get("MILLWRIGHT_SOAK") else 3
WRITERS = 4  # of batches, and as many of single points
BATCH = 50
BATCHES_BEFORE_KILL = 40


def load(server, run_id, key, acknowledged, enough):
    """Logs until the server is gone, one point at a time or a batch; remembers the steps of those
    that were answered."""
    size = batch_size(key)
    while True:
        step = len(acknowledged)
        metrics = [{"key": key, "value": s * 0.5, "timestamp": s, "step": s}
                   for s in range(step, step + size)]
        try:
            if size == 1:
                answer = server.post("/api/2.0/mlflow/runs/log-metric", {"run_id": run_id, **metrics[0]})
            else:
                answer = server.post("/api/2.0/mlflow/runs/log-batch",
                                     {"run_id": run_id, "metrics": metrics})
        except (OSError, http.client.HTTPException):
            return
        if answer.status != 200:
            return
        acknowledged.extend(range(step, step + size))
        if len(acknowledged) >= size * BATCHES_BEFORE_KILL // WRITERS:
            enough.release()


def batch_size(key):
    return 1 if key.startswith("single") else BATCH


def one_round(server):
    run_id = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    acknowledged = {f"{kind}{i}": [] for i in range(WRITERS) for kind in ("batch", "single")}
    enough = threading.Semaphore(0)
    threads = [threading.Thread(target=load, args=(server, run_id, key, steps, enough))
               for key, steps in acknowledged.items()]
    for thread in threads:
        thread.start()
    enough.acquire()  # some writer has much behind it; all are in the middle of a batch
    server.kill()
    for thread in threads:
        thread.join()
    server.start()
    for key, steps in acknowledged.items():
        answer = server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key=key,
                            max_results=25000).json()
        stored = {int(m.get("step", 0)): m["value"] for m in answer.get("metrics", [])}
        lost = [s for s in steps if stored.get(s) != s * 0.5]
        expect(not lost, f"{len(lost)} of {len(steps)} acknowledged points of {key} are lost")
        expect(len(answer.get("metrics", [])) == len(stored), f"{key} has doubled points")
        expect(len(stored) % batch_size(key) == 0, f"{key} has half a batch: {len(stored)} points")


def on(backend):
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend) as server:
        for _ in range(ROUNDS):
            one_round(server)


def on_postgres():
    with Postgres() as postgres:
        on(postgres.new_database())


run_tests([("acknowledged points survive kill -9 on sqlite", lambda: on("")),
           ("acknowledged points survive kill -9 on postgres", on_postgres)])
