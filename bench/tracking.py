#!/usr/bin/env python3
"""Measures tracking on the real binary and raw SQLite with the same rows in the same run.

usage: bench/tracking.py BINARY [SECONDS]

Prints log-metric requests a second at 32 connections, log-batch metrics a second at 4 connections of
1,000 metrics each, both with every answer on disk, and their ratio to SQLite alone (one connection,
WAL, synchronous=FULL, the metric's row and the latest one; a commit each, and a commit a batch).
"""
import http.client
import json
import multiprocessing
import pathlib
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))
from harness.millwright import Server  # noqa: E402

CONNECTIONS = 32
CLIENT_PROCESSES = 2
BATCH = 1000
BATCH_CONNECTIONS = 4


def create_run(server):
    return server.mlflow("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]


def drive(port, path, bodies, connections, seconds, counts):
    """Keeps `connections` requests under way from one process by writing to all, then reading all."""
    sockets = [http.client.HTTPConnection("127.0.0.1", port) for _ in range(connections)]
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        for number, connection in enumerate(sockets):
            connection.request("POST", path, bodies(done + number),
                               {"Content-Type": "application/json"})
        for connection in sockets:
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {answer.read()[:200]}")
            answer.read()
        done += connections
    counts.put(done)


def measure(server, path, make_bodies, connections, seconds):
    counts = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=drive, args=(
        server.port, "/api/2.0/mlflow/" + path, make_bodies(create_run(server)),
        connections // CLIENT_PROCESSES, seconds, counts)) for _ in range(CLIENT_PROCESSES)]
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    total = sum(counts.get(timeout=seconds + 60) for _ in workers)
    for worker in workers:
        worker.join()
    return total / (time.monotonic() - begin)


def one_metric(run):
    return lambda step: json.dumps(
        {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1700000000000 + step, "step": step})


def batch_of_metrics(run):
    def body(number):
        return json.dumps({"run_id": run, "metrics": [
            {"key": f"metric{i % 10}", "value": i / 7, "timestamp": 1700000000000 + number,
             "step": number * BATCH + i} for i in range(BATCH)]})
    return body


def raw_sqlite(folder, batch, seconds):
    """Metrics a second that SQLite alone stores, `batch` in a transaction."""
    database = sqlite3.connect(folder / f"raw{batch}.db", isolation_level=None)
    database.executescript("""
        PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
        CREATE TABLE metrics (run_id TEXT, key TEXT, value REAL, is_nan INTEGER, timestamp_ms INTEGER,
            step INTEGER, PRIMARY KEY (run_id, key, timestamp_ms, step, value, is_nan)) WITHOUT ROWID;
        CREATE TABLE latest (run_id TEXT, key TEXT, value REAL, timestamp_ms INTEGER, step INTEGER,
            PRIMARY KEY (run_id, key)) WITHOUT ROWID;""")
    done, end, begin = 0, time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        rows = [("r" * 32, f"metric{i % 10}", i / 7, 0, 1700000000000 + done, done + i)
                for i in range(batch)]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR IGNORE INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.executemany("INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?)",
                             [(r[0], r[1], r[2], r[4], r[5]) for r in rows[-10:]])
        database.execute("COMMIT")
        done += batch
    return done / (time.monotonic() - begin)


def main():
    binary, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory(prefix="millwright-bench-") as folder:
        folder = pathlib.Path(folder)
        with Server(binary, folder / "data", "--log-level", "warning") as server:
            single = measure(server, "runs/log-metric", one_metric, CONNECTIONS, seconds)
            batched = BATCH * measure(server, "runs/log-batch", batch_of_metrics,
                                      BATCH_CONNECTIONS, seconds)
        raw_single, raw_batched = raw_sqlite(folder, 1, seconds), raw_sqlite(folder, BATCH, seconds)
    print(f"log-metric, {CONNECTIONS} connections: {single:,.0f} requests/s; SQLite alone, a commit "
          f"each: {raw_single:,.0f}/s; ratio {single / raw_single:.2f}")
    print(f"log-batch of {BATCH:,}, {BATCH_CONNECTIONS} connections: {batched:,.0f} metrics/s; SQLite "
          f"alone, a commit a batch: {raw_batched:,.0f}/s; ratio {batched / raw_batched:.2f}")


if __name__ == "__main__":
    main()
