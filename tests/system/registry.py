#!/usr/bin/env python3
"""The registry when many write at once and when what is written is absurd, on both databases.

usage: registry.py BINARY
"""
import concurrent.futures
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CALLERS = 16
MEGABYTE = "n" * (1 << 20)


def post(server, route, body):
    return server.post("/api/2.0/mlflow/" + route, body)


def together(work, count):
    """Calls work(0), … work(count - 1) at the same time."""
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(work, range(count)))


def names_collide(server):
    """One of many who make the same model makes it; a version's number is given once."""
    answers = together(lambda i: post(server, "registered-models/create", {"name": "same", "description": str(i)}), CALLERS)
    made = [i for i, answer in enumerate(answers) if answer.status == 200]
    expect(len(made) == 1, f"{[answer.status for answer in answers]}")
    for answer in answers:
        expect(answer.status == 200 or answer.json()["error_code"] == "RESOURCE_ALREADY_EXISTS", f"{answer.body}")
    model = server.get("/api/2.0/mlflow/registered-models/get", name="same").json()["registered_model"]
    expect(model["description"] == str(made[0]), f"{model}")
    answers = together(lambda i: post(server, "model-versions/create", {"name": "same", "source": f"s3://b/{i}"}), 40)
    numbers = sorted(int(answer.json()["model_version"]["version"]) for answer in answers)
    expect(numbers == list(range(1, 41)), f"{numbers}")
    # Two models that are renamed to the same name.
    for name in ("left", "right"):
        server.mlflow("registered-models/create", {"name": name})
    answers = together(lambda i: post(server, "registered-models/rename", {"name": ("left", "right")[i], "new_name": "middle"}), 2)
    expect(sorted(answer.status for answer in answers) == [200, 400], f"{[answer.body for answer in answers]}")


def aliases_move_at_once(server):
    """However many move an alias, history tells one row of moves, and the last is what it names."""
    server.mlflow("registered-models/create", {"name": "busy"})
    for _ in range(8):
        server.mlflow("model-versions/create", {"name": "busy", "source": "s3://b/m"})
    answers = together(lambda i: post(server, "registered-models/alias",
                                      {"name": "busy", "alias": "champion", "version": str(i % 8 + 1)}), 120)
    expect({answer.status for answer in answers} == {200}, f"{[answer.body for answer in answers if answer.status != 200][:3]}")
    named = server.get("/api/2.0/mlflow/registered-models/alias", name="busy", alias="champion").json()["model_version"]["version"]
    periods = server.get("/api/v1/models/busy/aliases/champion/history", limit=1000).json()["periods"]
    expect(periods[0]["version"] == named and "until_ms" not in periods[0], f"{named}: {periods[0]}")
    for after, before in zip(periods, periods[1:]):
        expect(before["until_ms"] == after["since_ms"], f"{before} {after}")
    # A step back, by all at once and only from where it is, is one step.
    answers = together(lambda _: server.post("/api/v1/models/busy/aliases/champion/rollback", {"from": int(named)}), CALLERS)
    expect([answer.status for answer in answers].count(200) == 1, f"{[answer.body for answer in answers][:3]}")
    expect(all(answer.status == 200 or b"any longer" in answer.body for answer in answers), f"{[answer.body for answer in answers][:3]}")
    now = server.get("/api/2.0/mlflow/registered-models/alias", name="busy", alias="champion").json()["model_version"]["version"]
    expect(now == periods[1]["version"], f"{now} {periods[:3]}")


def only_one_challenger_wins(server):
    """A gate that compares with the champion is judged where it moves: two cannot both beat the same one."""
    server.mlflow("registered-models/create", {"name": "race"})
    for auc in (0.5, *[0.6] * CALLERS):
        run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
        server.mlflow("runs/log-metric", {"run_id": run, "key": "auc", "value": auc, "timestamp": 1})
        server.mlflow("model-versions/create", {"name": "race", "source": "s3://b/m", "run_id": run})
    server.mlflow("registered-models/alias", {"name": "race", "alias": "champion", "version": "1"})
    answer = server.post("/api/v1/models/race/gate", {"metrics": [{"name": "auc", "better_than_champion": 0.05}]})
    expect(answer.status == 200, f"{answer.body}")
    answers = together(lambda i: post(server, "registered-models/alias",
                                      {"name": "race", "alias": "champion", "version": str(i + 2)}), CALLERS)
    expect([answer.status for answer in answers].count(200) == 1, f"{[answer.body for answer in answers][:4]}")


def names_without_end(server):
    """CVE-2024-6838: a megabyte where a name belongs is refused, and nothing is half done."""
    server.mlflow("registered-models/create", {"name": "short"})
    server.mlflow("model-versions/create", {"name": "short", "source": "s3://b/m"})
    before = server.get("/api/v1/models/short/history").json()
    for route, body in (
            ("experiments/create", {"name": MEGABYTE}),
            ("experiments/create", {"name": "digits", "artifact_location": "s3://b/" + "1" * (1 << 20)}),
            ("registered-models/create", {"name": MEGABYTE}),
            ("registered-models/rename", {"name": "short", "new_name": MEGABYTE}),
            ("registered-models/alias", {"name": "short", "alias": MEGABYTE, "version": "1"}),
            ("registered-models/set-tag", {"name": "short", "key": MEGABYTE, "value": "v"}),
            ("registered-models/set-tag", {"name": "short", "key": "k", "value": MEGABYTE}),
            ("model-versions/set-tag", {"name": "short", "version": "1", "key": MEGABYTE, "value": "v"}),
            ("model-versions/create", {"name": MEGABYTE, "source": "s3://b/m"}),
            ("model-versions/transition-stage", {"name": "short", "version": "1", "stage": MEGABYTE,
                                                 "archive_existing_versions": False}),
            ("model-versions/transition-stage", {"name": "short", "version": MEGABYTE, "stage": "Staging",
                                                 "archive_existing_versions": False})):
        answer = post(server, route, body)
        expect(answer.status in (400, 404), f"{route}: {answer.status} {answer.body[:200]}")
        expect(len(answer.body) < 4 << 20, f"{route}: {len(answer.body)} bytes")
    for path, body in (("/api/v1/models/short/aliases/champion", {"version": "1", "reason": MEGABYTE}),
                       ("/api/v1/models/short/versions/1/checks", {"name": MEGABYTE, "passed": True}),
                       ("/api/v1/models/short/versions/1/approvals", {"gate": MEGABYTE})):
        answer = server.post(path, body)
        expect(answer.status in (400, 404), f"{path}: {answer.status} {answer.body[:200]}")
    expect(server.get("/api/v1/models/short/history").json() == before, "something was done")
    found = server.mlflow("experiments/search", {"max_results": 10})["experiments"]
    expect([experiment["name"] for experiment in found] == ["Default"], f"{len(found)} experiments")
    expect(server.get("/api/2.0/mlflow/registered-models/get", name="x" * 600).status == 404, "a long name in a query")


TESTS = [("names collide", names_collide), ("aliases move at once", aliases_move_at_once),
         ("only one challenger wins", only_one_challenger_wins), ("names without end", names_without_end)]


def on(place, test, backend):
    def run():
        with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend()) as server:
            test(server)
    return run


with Postgres() as postgres:
    run_tests([(f"{name} on {place}", on(place, test, backend)) for name, test in TESTS
               for place, backend in (("sqlite", lambda: ""), ("postgres", postgres.new_database))])
