#!/usr/bin/env python3
"""Measures searching runs over HTTP, beside a real MLflow server where one is at hand.

usage: bench/tracking/search_http.py BINARY [RUNS]

RUNS (10,000) runs with six metrics, four params and a tag are logged to a server of its own and, with
MLFLOW_URI=http://host:port in the environment, to that server too, by the routes that clients use; an
experiment that is full already is used again. Then both are asked the same questions, pages of 100 runs, by
one client and by eight at a time.
"""
import concurrent.futures
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

WRITERS = 4  # with more MLflow finds its database locked
ATTEMPTS = 20
CLIENTS = 8
SECONDS = 3
PAGE = 100
FACTORS = [7919, 104729, 224737, 350377, 479909, 611953]
QUESTIONS = [
    ("newest first", "", []),
    ("order by a metric", "", ["metrics.m1 DESC"]),
    ("a metric, by another", "metrics.m0 < 0.5", ["metrics.m1 DESC"]),
    ("two metrics and a param, by a metric",
     "metrics.m0 < 0.5 AND metrics.m2 > 0.9 AND params.p0 = 'v1'", ["metrics.m1 ASC"]),
    ("param, a fifth of the runs", "params.p0 = 'v1'", []),
    ("param, 10 runs", "params.p1 = 'v7'", []),
]


class Client:
    """A connection that is kept; MLflow's server may close it after any answer."""

    def __init__(self, uri):
        self.address = urllib.parse.urlsplit(uri)
        self.connection = None

    def post(self, route, body):
        return json.loads(self.text(route, body))

    def text(self, route, body):
        """The answer as it came: reading JSON would be most of what is measured."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(self.address.hostname, self.address.port,
                                                                 timeout=120)
                self.connection.request("POST", "/api/2.0/mlflow/" + route, json.dumps(body),
                                        {"Content-Type": "application/json"})
                answer = self.connection.getresponse()
                text = answer.read()
            except (http.client.HTTPException, ConnectionError):
                self.connection = None
                if attempt == ATTEMPTS:
                    raise
                continue
            if answer.will_close:
                self.connection = None
            if answer.status == 503 and attempt < ATTEMPTS:
                time.sleep(0.1)  # as MLflow's clients do when its database is locked
                continue
            if answer.status != 200:
                raise SystemExit(f"{route}: {answer.status} {text[:300]}")
            return text


def log_run(client, experiment, number, runs):
    start = 1_700_000_000_000 + number * 1000
    run = client.post("runs/create", {"experiment_id": experiment, "start_time": start, "run_name": f"run {number}",
                                      "tags": [{"key": "team", "value": f"t{number % 3}"}]})
    metrics = [{"key": f"m{i}", "value": number * factor % 1_000_003 / 1_000_003, "timestamp": start, "step": 0}
               for i, factor in enumerate(FACTORS)]
    params = {"p0": f"v{number % 5}", "p1": f"v{number % max(1, runs // 10)}", "p2": "adam", "p3": f"0.{number}"}
    client.post("runs/log-batch", {"run_id": run["run"]["info"]["run_id"], "metrics": metrics,
                                   "params": [{"key": k, "value": v} for k, v in params.items()]})


def fill(uri, runs):
    """Returns the experiment with the runs."""
    client = Client(uri)
    name = f"search of {runs} runs"
    found = client.post("experiments/search", {"max_results": 1000, "filter": f"name = '{name}'"})
    if found.get("experiments"):
        return found["experiments"][0]["experiment_id"]
    half_done = client.post("experiments/create", {"name": name + time.strftime(" (%H:%M:%S)")})["experiment_id"]
    local = threading.local()

    def log(number):
        if not hasattr(local, "client"):
            local.client = Client(uri)
        log_run(local.client, half_done, number, runs)

    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        for done, _ in enumerate(pool.map(log, range(1, runs + 1)), 1):
            if done % 100 == 0 and sys.stderr.isatty():
                print(f"\r{uri}: {done:,} of {runs:,} runs", end="", file=sys.stderr)
    print(f"{uri}: {runs:,} runs logged in {time.monotonic() - begin:.1f} s", flush=True)
    client.post("experiments/update", {"experiment_id": half_done, "new_name": name})
    return half_done


def search(experiment, question):
    _, text, order = question
    return "runs/search", {"experiment_ids": [experiment], "filter": text, "order_by": order, "max_results": PAGE}


def measure(uri, experiment, question, clients):
    """Sorted milliseconds of each answer."""

    def drive(_):
        client, times = Client(uri), []
        client.text(*search(experiment, question))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end or not times:
            begin = time.monotonic()
            client.text(*search(experiment, question))
            times.append((time.monotonic() - begin) * 1000)
        return times

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        return sorted(time for times in pool.map(drive, range(clients)) for time in times)


def at(times, share):
    return times[min(len(times) - 1, int(share * len(times)))]


def names_of(answer):
    return [run["info"]["run_name"] for run in answer.get("runs", [])]


def main():
    binary, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    peer = os.environ.get("MLFLOW_URI")
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([binary, "server", "--port", "0", "--data", folder, "--log-level", "warning"],
                                  stdout=subprocess.PIPE, text=True)
        try:
            ours = "http://127.0.0.1:" + server.stdout.readline().rsplit(":", 1)[1].strip()
            uris = [ours] + ([peer] if peer else [])
            experiments = [fill(uri, runs) for uri in uris]
            print(f"\n{runs:,} runs, pages of {PAGE}, over HTTP; milliseconds")
            print(f"| question | p50 | p99 | {CLIENTS} clients: p50 | p99 |"
                  + (f" MLflow: p50 | p99 | {CLIENTS} clients: p50 | p99 | ratio | with {CLIENTS} |" if peer else ""))
            print("| --- |" + " --- |" * (10 if peer else 4))
            for question in QUESTIONS:
                answers = [names_of(Client(uri).post(*search(one, question))) for uri, one in zip(uris, experiments)]
                if any(answer != answers[0] for answer in answers):
                    raise SystemExit(f"{question[0]}: the two answers differ")
                line, halves = f"| {question[0]} |", []
                for uri, experiment in zip(uris, experiments):
                    for clients in (1, CLIENTS):
                        times = measure(uri, experiment, question, clients)
                        halves.append(at(times, 0.5))
                        line += f" {at(times, 0.5):.1f} | {at(times, 0.99):.1f} |"
                if peer:
                    line += f" {halves[2] / halves[0]:.0f} | {halves[3] / halves[1]:.0f} |"
                print(line, flush=True)
        finally:
            server.terminate()
            server.wait()


main()
