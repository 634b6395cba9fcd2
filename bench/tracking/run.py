#!/usr/bin/env python3
"""Measures the write path, the start and the memory of `millwright server`, beside raw SQLite.

usage: bench/tracking/run.py BINARY TRACKING_LOAD RAW_SQLITE [SECONDS]

Each workload runs SECONDS (2) against the server and, in the same run, what it is compared with: SQLite
alone with the same durability (one connection, WAL, synchronous=FULL, a row a point and the latest one).
With MLFLOW_URI=http://host:port in the environment the same load is put on that server too; it gets an
experiment of its own. Every answer counted was on disk before. Figures of a busy machine wander: compare
the ratios of one run, and the CPU time a point, which other programs disturb least.
"""
import http.client
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse

RUNS = 4
START_ROUNDS = 5
WORKLOADS = [  # (name, workload of tracking_load, connections, points in a commit of raw SQLite)
    ("log-metric, 1 connection", "metric", 1, 1),
    ("log-metric, 32 connections", "metric", 32, 32),
    ("log-metric, 256 connections", "metric", 256, 256),
    ("log-batch of 10, 32 connections", "few", 32, 320),
    ("log-batch of 1,000 steps, 4 connections", "steps", 4, 1000),
    ("log-batch of 1,000 keys, 4 connections", "keys", 4, 1000),
    ("mixed, 32 connections", "mixed", 32, 32),
]


def call(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:300]}")
        return json.loads(text) if body is not None else {}
    finally:
        connection.close()


class Server:
    """A server with a data folder of its own; `start_s` is the time to its first answer."""

    def __init__(self, binary, folder):
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "server", "--port", "0", "--data", str(folder), "--log-level", "warning"],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        call(self.port, "GET", "/health")
        self.start_s = time.monotonic() - begin

    def resident_mb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


def create_runs(port):
    name = f"bench-{time.time_ns()}"
    experiment = call(port, "POST", "/api/2.0/mlflow/experiments/create", {"name": name})["experiment_id"]
    return [call(port, "POST", "/api/2.0/mlflow/runs/create", {"experiment_id": experiment})["run"]["info"]
            ["run_id"] for _ in range(RUNS)]


def put_load(load, port, workload, connections, seconds):
    done = subprocess.run([load, str(port), workload, str(connections), str(seconds), *create_runs(port)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def raw_points(raw, folder, rows, seconds):
    """Points a second, and the CPU time of one in microseconds."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    before = used()
    done = subprocess.run([raw, str(folder / f"raw-{time.time_ns()}.db"), str(rows), str(seconds)],
                          capture_output=True, text=True, check=True)
    rate = json.loads(done.stdout)["points_per_s"]
    return rate, (used() - before) * 1e6 / max(1, rate * seconds)


def mlflow_port():
    uri = os.environ.get("MLFLOW_URI", "")
    if not uri:
        return None
    parts = urllib.parse.urlparse(uri)
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost") or not parts.port:
        raise SystemExit(f"MLFLOW_URI is http://127.0.0.1:PORT, not {uri}")
    return parts.port


def measure_start(binary, folder):
    """The medians of an empty folder's first start and of its later ones, and the memory at rest."""
    first, later, memory = [], [], []
    for number in range(START_ROUNDS):
        for times in (first, later):
            with Server(binary, folder / f"start{number}") as server:
                times.append(server.start_s)
                memory.append(server.resident_mb())
    return sorted(first)[START_ROUNDS // 2], sorted(later)[START_ROUNDS // 2], max(memory)


def main():
    binary, load, raw = sys.argv[1:4]
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 2.0
    other = mlflow_port()
    with tempfile.TemporaryDirectory(prefix="millwright-bench-") as name:
        folder = pathlib.Path(name)
        first, later, idle = measure_start(binary, folder)
        print(f"start to first answer: {first * 1000:.0f} ms with an empty folder, {later * 1000:.0f} ms "
              "after; CPU us is of one point, the server's and SQLite's")
        print(f"{'':<40}{'requests/s':>11}{'points/s':>10}{'p99 ms':>8}{'CPU us':>8}{'SQLite/s':>10}"
              f"{'CPU us':>8}{'ratio':>7}" + (f"{'MLflow/s':>10}{'ratio':>8}" if other else ""))
        with Server(binary, folder / "data") as server:
            for title, workload, connections, rows in WORKLOADS:
                sqlite, sqlite_cpu_us = raw_points(raw, folder, rows, seconds)
                before_s = server.cpu_s()
                seen = put_load(load, server.port, workload, connections, seconds)
                cpu_us = (server.cpu_s() - before_s) * 1e6 / max(1, seen["points"])
                points = seen["points"] / seen["seconds"]
                line = (f"{title:<40}{seen['requests'] / seen['seconds']:>11,.0f}{points:>10,.0f}"
                        f"{seen['p99_us'] / 1000:>8.1f}{cpu_us:>8.1f}{sqlite:>10,.0f}{sqlite_cpu_us:>8.1f}"
                        f"{points / sqlite:>7.2f}")
                if other:
                    theirs = put_load(load, other, workload, connections, seconds)
                    rate = theirs["points"] / theirs["seconds"]
                    line += f"{rate:>10,.0f}{points / rate:>8.0f}"
                print(line, flush=True)
            print(f"resident memory: {idle:.0f} MB at rest, {server.resident_mb():.0f} MB after the load")


if __name__ == "__main__":
    main()
