#!/usr/bin/env python3
"""Walks `millwright demo flights --quick` as a person would: twice on one data directory, with a
crash in the middle of a retraining, a restart, and a look at every page in a browser.

usage: demo.py BINARY [--browser]
"""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import ROOT, Failure, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
NAME = "flights-late"  # of the endpoint, the model and the monitor
DEMO_SECONDS_MAX = 300  # it takes under 45 on two idle cores; a test machine may be busy
RETRAIN_SECONDS_MAX = 240
BROWSER_SECONDS_MAX = 300
REPLAYED_PER_SECOND = 300  # to a few requests before, so that shadow and canary see some


def call(server, *words, seconds=DEMO_SECONDS_MAX):
    """Runs a command from the top of the sources and returns its answer."""
    start = time.monotonic()
    done = subprocess.run([str(BINARY), *words, "--json"], capture_output=True, text=True, cwd=ROOT,
                          timeout=seconds, env={**os.environ, "MILLWRIGHT_URI": server.uri})
    took = time.monotonic() - start
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout), took


def walk(server, expected_versions):
    answer, took = call(server, "demo", "flights", "--quick")
    print(f"        {took:.1f} s, {answer['requests']} requests, {answer['failed']} failed, "
          f"retraining {answer['retraining']['state']}", flush=True)
    expect(answer["closed"] is True, f"the loop did not close: {answer}")
    expect(answer["failed"] == 0 and answer["requests"] > 500, f"requests: {answer}")
    expect(answer["retraining"]["state"] in ("succeeded", "held"), f"{answer['retraining']}")
    found = server.get("/api/2.0/mlflow/model-versions/search", filter=f"name='{NAME}'").json()
    expect(len(found["model_versions"]) >= expected_versions,
           f"{len(found['model_versions'])} versions instead of {expected_versions}")


def get_run(server, run_id):
    return server.get(f"/api/v1/pipeline-runs/{run_id}").json()


def task_of(run, name):
    return next(task for task in run["tasks"] if task["name"] == name)


def wait_for_run(server, run_id, claim, what):
    def asked():
        run = get_run(server, run_id)
        if claim(run):
            return run
        expect(run["state"] != "failed", f"before {what}: {json.dumps(run)}")
        return None

    return server.wait_for(asked, what, RETRAIN_SECONDS_MAX)


def wait_until_ready(server):
    """Waits for the endpoint's replicas, which start again beside their server."""
    server.wait_for(lambda: server.get(f"/v2/models/{NAME}/ready").status == 200,
                    "the endpoint's readiness", RETRAIN_SECONDS_MAX)


@contextlib.contextmanager
def traffic(server, scratch):
    """Replays the live months again and again until the block ends; no request may fail."""
    file, stopping, failures = str(scratch / "live.parquet"), threading.Event(), []
    call(server, "data", "fetch", "flights-live", file)

    def replay():
        round_number = 0
        while not stopping.is_set():
            round_number += 1
            try:
                call(server, "endpoints", "replay", NAME, "--data", file, "--id-column", "flight_id",
                     "--time-column", "departure", "--id-prefix", f"crash{round_number}-",
                     "--rate", str(REPLAYED_PER_SECOND), "--where", "hash(flight_id) % 4 = 0")
            except (Failure, subprocess.TimeoutExpired) as failure:
                failures.append(str(failure))
                return

    thread = threading.Thread(target=replay)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        expect(not failures, f"replay: {failures}")


def kill_retraining(server, scratch):
    """kill -9 while the model trains: it goes on after a restart and repeats no finished step."""
    alerts = server.get("/api/v1/alerts", monitor=NAME).json()["alerts"]
    alert = next(each for each in alerts if each.get("pipeline_run"))
    first = get_run(server, alert["pipeline_run"])
    started = server.post("/api/v1/pipelines/flights-retrain/runs", {"params": first["params"]})
    expect(started.status == 200, f"start: {started.status} {started.body[:300]}")
    run_id = started.json()["id"]
    before = wait_for_run(server, run_id,
                          lambda run: task_of(run, "train")["state"] == "running", "training")
    server.kill()
    server.start()
    wait_until_ready(server)
    with traffic(server, scratch):
        ended = wait_for_run(server, run_id,
                             lambda run: run["state"] not in ("queued", "running"), "the end")
    expect(ended["state"] in ("succeeded", "held"), f"the run {ended['state']}: {json.dumps(ended)}")
    for name in ("split", "validate"):
        expect(task_of(ended, name)["attempts"] == task_of(before, name)["attempts"],
               f"{name} was repeated: {json.dumps(ended)}")
    attempts = {task["name"]: len(task["attempts"]) for task in ended["tasks"] if task["attempts"]}
    wanted = dict.fromkeys(attempts, 1) | {"train": 2}
    expect(attempts == wanted, f"attempts {attempts}")
    expect({"split", "validate", "train", "register", "compare"} <= attempts.keys(), f"{attempts}")


def state_of(server):
    """What must be the same after a restart."""
    search = server.mlflow("runs/search", {"experiment_ids": experiment_ids(server),
                                           "max_results": 1000})
    return {
        "runs": sorted(run["info"]["run_id"] for run in search["runs"]),
        "datasets": server.get("/api/v1/datasets").json(),
        "alerts": known_alerts(server),
        "pipeline runs": server.get("/api/v1/pipeline-runs").json(),
        "versions": server.get("/api/2.0/mlflow/model-versions/search",
                               filter=f"name='{NAME}'").json(),
    }


def known_alerts(server):
    """What no later window changes: a monitor goes on judging, so alerts are closed and others opened."""
    fields = ("id", "kind", "feature", "value", "threshold", "window_start_ms", "opened_ms")
    alerts = server.get("/api/v1/alerts").json()["alerts"]
    return {alert["id"]: [alert[field] for field in fields] for alert in alerts}


def experiment_ids(server):
    found = server.mlflow("experiments/search", {"max_results": 100})["experiments"]
    return [each["experiment_id"] for each in found]


def features():
    text = (ROOT / "examples/flights/train.yaml").read_text()
    return re.findall(r"^  - (\w+)$", text, re.M)


def ask(server):
    """The endpoint's answers to one flight, in both protocols."""
    row = [600, 3, 500, 40, -80, 35, -100, 20, 5, 0.2, 8, 4, 0.2, 6]
    names = features()
    expect(len(names) == len(row), f"features {names}")
    invoked = server.post(f"/endpoints/{NAME}/invocations",
                          {"dataframe_split": {"columns": names, "data": [row]}})
    expect(invoked.status == 200, f"invocations: {invoked.status} {invoked.body[:300]}")
    described = server.get(f"/v2/models/{NAME}").json()
    tensor = described["inputs"][0]
    inferred = server.post(f"/v2/models/{NAME}/infer", {"inputs": [
        {"name": tensor["name"], "datatype": tensor["datatype"], "shape": [1, len(row)],
         "data": row}]})
    expect(inferred.status == 200, f"infer: {inferred.status} {inferred.body[:300]}")
    return (invoked.json()["predictions"],
            {each["name"]: each["data"] for each in inferred.json()["outputs"]})


def rest(server):
    """Ends what goes on by itself, so that nothing changes any more: later alerts start retrainings."""
    pipeline = (ROOT / "examples/flights/retrain.yaml").read_text()
    untriggered = re.sub(r"^trigger:\n(?: .*\n)+", "", pipeline, flags=re.M)
    expect(untriggered != pipeline, "retrain.yaml has no trigger")
    untriggered = untriggered.replace("${{ pipeline.folder }}", str(ROOT / "examples/flights"))
    registered = server.post("/api/v1/pipelines", {"yaml": untriggered})
    expect(registered.status == 200, f"register: {registered.status} {registered.body[:300]}")
    call(server, "monitors", "evaluate", NAME)
    for run in live_runs(server):
        server.post(f"/api/v1/pipeline-runs/{run['id']}/cancel", {})
    server.wait_for(lambda: not live_runs(server), "the end of all retrainings")


def live_runs(server):
    runs = server.get("/api/v1/pipeline-runs").json()["pipeline_runs"]
    return [run for run in runs if run["state"] in ("queued", "running")]


def restart(server):
    rest(server)
    answers, state = ask(server), state_of(server)
    for what, there in state.items():
        expect(there and there != {what: []}, f"no {what}")
    expect(server.stop() == 0, f"the server ended with {server.process.returncode}")
    server.start()
    after = state_of(server)
    after["alerts"] = {id: alert for id, alert in after["alerts"].items() if id in state["alerts"]}
    for what, there in state.items():
        expect(after[what] == there, f"{what} differ after a restart: {after[what]} was {there}")
    expect(ask(server) == answers, f"other answers after a restart: {ask(server)} was {answers}")


def main():
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, pathlib.Path(folder) / "data") as server:
        tests = [
            ("the loop closes and no request fails", lambda: walk(server, 2)),
            ("a killed retraining resumes and repeats no finished step",
             lambda: kill_retraining(server, pathlib.Path(folder))),
            ("the loop closes again on the same data directory", lambda: walk(server, 4)),
            ("everything is there after SIGTERM and a restart", lambda: restart(server)),
        ]
        if "--browser" in sys.argv[2:]:
            tests.append(("every page shows the loop in a browser",
                          lambda: browse(server, "loop.e2e.mjs", BROWSER_SECONDS_MAX)))
        run_tests(tests)


main()
