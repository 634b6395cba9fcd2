#!/usr/bin/env python3
"""Several servers over one PostgreSQL, and a PostgreSQL that goes away under load.

usage: many_servers.py BINARY
"""
import contextlib
import http.client
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
API_SERVERS = 2  # beside the one that does all
WRITERS_PER_SERVER = 3
BATCHES = 40
BATCH = 100
POINTS_BEFORE_RESTART = 500


@contextlib.contextmanager
def servers(uri):
    """One server of role all and API_SERVERS of role api, over one database and artifact store."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        data = pathlib.Path(folder)
        shared = ("--artifacts-destination", str(data / "artifacts"))
        yield [stack.enter_context(Server(BINARY, data / f"server{i}", *shared,
                                          *(("--role", "api") if i else ()), backend=uri))
               for i in range(1 + API_SERVERS)]


def new_run(server):
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]
    return run["info"]["run_id"]


def in_threads(works):
    """Runs all at once; the first failure of one becomes the caller's."""
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as error:  # handed on below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def history(server, run_id, key):
    answer = server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key=key,
                        max_results=25000).json()
    return [(int(m.get("step", 0)), m["value"]) for m in answer.get("metrics", [])]


def one_run_from_all_servers(uri):
    with servers(uri) as them:
        run_id = new_run(them[0])
        keys = [f"k{i}" for i in range(len(them) * WRITERS_PER_SERVER)]

        def write(server, key):
            for start in range(0, BATCHES * BATCH, BATCH):
                server.mlflow("runs/log-batch", {"run_id": run_id, "metrics": [
                    {"key": key, "value": s, "timestamp": s, "step": s}
                    for s in range(start, start + BATCH)]})
                # What was acknowledged here is seen by the others at once.
                other = them[(them.index(server) + 1) % len(them)]
                latest = other.get("/api/2.0/mlflow/runs/get", run_id=run_id).json()
                steps = {m["key"]: int(m["step"]) for m in latest["run"]["data"]["metrics"]}
                expect(steps.get(key) == start + BATCH - 1, f"another server sees {steps.get(key)}")

        in_threads([lambda s=them[i % len(them)], k=key: write(s, k) for i, key in enumerate(keys)])
        for i, key in enumerate(keys):
            points = history(them[i % len(them)], run_id, key)
            expect(points == [(s, float(s)) for s in range(BATCHES * BATCH)],
                   f"{key}: {len(points)} points")


def one_name_once(uri):
    with servers(uri) as them:
        answers = []

        def create(server):
            answers.append(server.post("/api/2.0/mlflow/experiments/create", {"name": "once"}))

        in_threads([lambda s=server: create(s) for server in them for _ in range(4)])
        made = [a for a in answers if a.status == 200]
        refused = [a.json()["error_code"] for a in answers if a.status != 200]
        expect(len(made) == 1 and set(refused) == {"RESOURCE_ALREADY_EXISTS"},
               f"{len(made)} were made, {refused}")


def what_only_one_does(uri):
    with servers(uri) as them:
        made = them[1].post("/api/v1/endpoints/cancer/deploy", {"model": "cancer@champion"})
        expect(made.status in (404, 503), f"deployed on an api server: {made.status} {made.body[:200]}")
        asked = them[1].post("/v2/models/cancer/infer", {"inputs": []})
        expect(asked.status == 503 and b"role api" in asked.body, f"{asked.status} {asked.body[:200]}")
        # Whoever follows the events of one server sees what happens on another.
        events = threading.Thread(target=lambda: new_run(them[2]))
        seen = lambda: any(e["kind"] == "run.created"  # noqa: E731
                           for e in them[1].get("/api/v1/events").json()["events"])
        events.start()
        them[1].wait_for(seen, "an event of another server")
        events.join()


def restart_in_mid_load(postgres, uri):
    with servers(uri) as them:
        run_id = new_run(them[0])
        acknowledged = {f"k{i}": [] for i in range(len(them) * WRITERS_PER_SERVER)}
        enough, back, refused = threading.Semaphore(0), threading.Event(), []
        seen_away = threading.Event()

        def write(server, key):
            steps, after = acknowledged[key], 0
            step = -1
            while after < BATCH:
                step += 1
                try:
                    answer = server.post("/api/2.0/mlflow/runs/log-metric", {
                        "run_id": run_id, "key": key, "value": step, "timestamp": step, "step": step})
                except (OSError, http.client.HTTPException) as error:
                    raise Failure(f"{server.data.name} broke off: {error!r}") from error
                if answer.status != 200:
                    refused.append((answer.status, answer.json().get("error_code")))
                    seen_away.set()
                    continue
                steps.append(step)
                after += back.is_set()
                if len(steps) == POINTS_BEFORE_RESTART // len(acknowledged):
                    enough.release()

        def restart():
            for _ in acknowledged:
                expect(enough.acquire(timeout=60), "the load did not get under way")
            postgres.stop()
            try:
                expect(seen_away.wait(timeout=60), "nothing was refused while PostgreSQL was away")
            finally:
                postgres.start()
                back.set()

        in_threads([restart, *(lambda s=them[i % len(them)], k=key: write(s, k)
                               for i, key in enumerate(acknowledged))])
        expect(all(status == 503 for status, _ in refused), f"refused with {set(refused)}")
        for key, steps in acknowledged.items():
            points = [step for step, _ in history(them[0], run_id, key)]
            lost = set(steps) - set(points)
            expect(not lost, f"{len(lost)} acknowledged points of {key} are lost")
            expect(len(points) == len(set(points)), f"{key} has doubled points")


def main():
    with Postgres() as postgres:
        run_tests([
            ("one run is written from all servers at once",
             lambda: one_run_from_all_servers(postgres.new_database())),
            ("an experiment's name is given once", lambda: one_name_once(postgres.new_database())),
            ("an api server refuses what only one server does, and sees the others' events",
             lambda: what_only_one_does(postgres.new_database())),
            ("a restart of PostgreSQL in mid-load loses and doubles nothing",
             lambda: restart_in_mid_load(postgres, postgres.new_database())),
        ])


main()
