#!/usr/bin/env python3
"""Suites that judge new versions: what is held when a server is killed, a suite breaks, changes or vanishes, on
both databases; pipelines and model gates that name suites; and that other requests go on meanwhile.

usage: gates.py BINARY
"""
import contextlib
import json
import pathlib
import sqlite3
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
FLIGHTS = ROOT / "examples/flights/data/us_flights_2001h1.parquet"
DIRTY = ROOT / "examples/flights/data/dirty_flights.csv"
SUITE = ROOT / "examples/flights/suite.json"
SECONDS_MAX = 300
# Takes seconds on any machine, whatever the table, and is met.
SLOW = {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query":
        "SELECT 1 FROM {batch} WHERE (SELECT sum((a.range * b.range) % 7) FROM range(30000) a, range(2000) b) < 0"}}


def between(column, low, high):
    return {"type": "expect_column_values_to_be_between", "kwargs": {"column": column, "min_value": low, "max_value": high}}


class Gated:
    def __init__(self, server):
        self.server = server

    def suite(self, name, *expectations):
        answer = self.server.post("/api/v1/suites", {"name": name, "suite": {"name": name, "expectations": list(expectations)}})
        expect(answer.status == 200, answer.body[:300])
        return answer.json()["version"]

    def attach(self, suite, dataset, on_failure="quarantine"):
        answer = self.server.post(f"/api/v1/suites/{suite}/attachments", {"dataset": dataset, "on_failure": on_failure})
        expect(answer.status == 200, answer.body[:300])

    def upload(self, dataset, rows, name="rows.csv"):
        body = rows if isinstance(rows, bytes) else ("fare\n" + "".join(f"{row}\n" for row in rows)).encode()
        answer = self.server.request("PUT", f"/api/v1/datasets/{dataset}/upload?filename={name}", body)
        expect(answer.status == 200, answer.body[:300])
        return answer.json()["version"]

    def states(self, dataset):
        answer = self.server.get(f"/api/v1/datasets/{dataset}")
        return {v["version"]: v["state"] for v in answer.json()["versions"]} if answer.status == 200 else {}

    def version(self, dataset, number):
        return next(v for v in self.server.get(f"/api/v1/datasets/{dataset}").json()["versions"] if v["version"] == number)

    def latest(self, dataset):
        return next(d["latest_version"] for d in self.server.get("/api/v1/datasets").json()["datasets"] if d["name"] == dataset)

    def derive(self, reference):
        return self.server.post("/api/v1/datasets/copy/derive", {"sql": "SELECT fare + 0 AS fare FROM r", "inputs": {"r": reference}})

    def until_state(self, dataset, number, states):
        deadline = time.monotonic() + SECONDS_MAX
        while (state := self.states(dataset).get(number)) not in states:
            expect(time.monotonic() < deadline, f"{dataset}@{number} is {state}, not one of {states}")
            time.sleep(0.02)
        return state

    def events(self, kind):
        events = self.server.get("/api/v1/events", limit=1000).json()["events"]
        return [event for event in events if event["kind"] == kind]


@contextlib.contextmanager
def gated(backend):
    with tempfile.TemporaryDirectory() as scratch, Server(BINARY, pathlib.Path(scratch) / "data", backend=backend) as server:
        yield Gated(server)


def a_killed_server_lets_nothing_through(backend):
    with gated(backend) as gates:
        gates.upload("rides", [1, 2])
        gates.suite("slow", SLOW, between("fare", 0, 100))
        gates.attach("slow", "rides")
        for number, rows, verdict in ((2, [3, 4000], "quarantined"), (3, [5, 6], "ready")):
            def lost(rows=rows):
                with contextlib.suppress(Exception):  # the server dies under it
                    gates.upload("rides", rows)
            thread = threading.Thread(target=lost)
            thread.start()
            gates.until_state("rides", number, {"pending"})
            gates.server.kill()
            thread.join()
            before = len(gates.server.log())
            gates.server.start()
            # Until it is judged it is held, and never the latest.
            while gates.states("rides")[number] == "pending":
                answer = gates.derive(f"rides@{number}")
                settled = gates.states("rides")[number]
                expect(answer.status == 400 or settled == "ready", f"a pending version was taken: {answer.body[:200]}")
                latest = gates.latest("rides")
                expect(latest == 1 or gates.states("rides")[number] == "ready", f"the latest is {latest}")
            gates.until_state("rides", number, {verdict})
            gates.server.wait_for(lambda: "judged a version that was left pending" in gates.server.log()[before:],
                                  "it is said in the log")
        expect(gates.latest("rides") == 3, gates.states("rides"))
        told = [e["subject"] for e in gates.events("dataset.version_quarantined")]
        expect(told == ["dataset:rides@2"], f"told of as quarantined: {told}")
        told = sorted(e["subject"] for e in gates.events("dataset.version_created") if e["subject"].startswith("dataset:rides"))
        expect(told == ["dataset:rides@1", "dataset:rides@3"], f"told of as new: {told}")


def a_suite_that_breaks_holds(backend):
    with gated(backend) as gates:
        gates.suite("other-columns", between("price", 0, 10))
        gates.attach("other-columns", "rides")
        version = gates.upload("rides", [1])
        expect(version["state"] == "quarantined" and "could not be judged" in version["state_reason"], version)
        # Nothing to take at all is said as such, and once released it is the latest.
        answer = gates.derive("rides")
        expect(answer.status == 400 and b"quarantined" in answer.body, answer.body[:300])
        released = gates.server.post("/api/v1/datasets/rides/versions/1/release", {"reason": "the suite is another table's"})
        expect(released.json()["version"]["state"] == "released", released.body[:300])
        expect(gates.derive("rides").status == 200, "a released version was refused")
        event = gates.events("dataset.version_released")[0]
        expect(event["payload"]["reason"] == "the suite is another table's" and event["who"] == "anonymous", event)


def a_suite_that_vanishes_holds(backend):
    with gated(backend) as gates:
        gates.suite("fares", between("fare", 0, 10))
        gates.attach("fares", "rides")
        expect(gates.server.request("DELETE", "/api/v1/suites/fares").status == 400, "an attached suite was deleted")
        if backend:  # there the database itself refuses it
            return
        with contextlib.closing(sqlite3.connect(gates.server.data / "millwright.db", timeout=60)) as database:
            database.execute("DELETE FROM suites")
            database.commit()
        version = gates.upload("rides", [1])
        expect(version["state"] == "quarantined" and "could not be asked" in version["state_reason"], version)


def a_suite_that_changes_judges_again(backend):
    with gated(backend) as gates:
        # Whether the change falls into the judging or just before it is chance; the verdict never is.
        for attempt in range(5):
            suite, dataset = f"fares-{attempt}", f"rides-{attempt}"
            gates.suite(suite, SLOW, between("fare", 0, 100))
            gates.attach(suite, dataset)
            made = []
            thread = threading.Thread(target=lambda dataset=dataset, made=made: made.append(gates.upload(dataset, [50])))
            thread.start()
            gates.until_state(dataset, 1, {"pending"})
            expect(gates.suite(suite, between("fare", 0, 10)) == 2, "the suite's version")
            thread.join()
            expect(made[0]["state"] == "quarantined" and f"suite {suite} v2 failed" in made[0]["state_reason"], made)
            runs = gates.server.get("/api/v1/validations", dataset=dataset).json()["validations"]
            judged = sorted((run["suite_version"], run["success"]) for run in runs)
            if judged == [(1, True), (2, False)]:
                return
            expect(judged == [(2, False)], runs)
        raise Failure("five changes fell before the judging")


def versions_at_once_are_each_judged(backend):
    with gated(backend) as gates:
        gates.suite("fares", between("fare", 0, 100))
        gates.attach("fares", "rides")
        tables = [[n, n + 1] if n % 2 else [n, 1000 + n] for n in range(8)]
        made = []
        threads = [threading.Thread(target=lambda rows=rows: made.append((rows, gates.upload("rides", rows)))) for rows in tables]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(len(made) == len(tables), f"{len(made)} uploads were answered")
        for rows, version in made:
            expect(version["state"] == ("ready" if max(rows) < 100 else "quarantined"), f"{rows}: {version}")
        states = gates.states("rides")
        expect(sorted(states) == list(range(1, 9)), states)
        expect(gates.latest("rides") == max(n for n, state in states.items() if state == "ready"), states)


def a_source_is_gated(backend):
    with gated(backend) as gates:
        data = gates.server.data.parent / "incoming.csv"
        data.write_text("fare\n1\n2\n")
        gates.server.cli("data", "source", "meter", "--file", str(data), "--dataset", "rides")
        suite = gates.server.data.parent / "fares.yaml"
        suite.write_text("suite: fares\nchecks:\n  - between: {column: fare, min: 0, max: 100}\n")
        gates.server.cli("quality", "suite", str(suite))
        gates.server.cli("quality", "attach", "fares", "--source", "meter", "--on-failure", "set-aside")
        gates.server.cli("data", "collect", "meter")
        data.write_text("fare\n1\n2\n700\n4\n")
        collected = json.loads(gates.server.cli("data", "collect", "meter", "--json").stdout)
        expect(collected["version"]["version"] == 3 and collected["version"]["row_count"] == 3, collected)
        expect(gates.states("rides") == {1: "ready", 2: "quarantined", 3: "ready"}, gates.states("rides"))
        rows = gates.server.get("/api/v1/datasets/rides.set-aside/versions/1/rows").json()["rows"]
        expect(rows == [[700]], rows)
        # Unchanged, it makes nothing; mostly bad, it is held as a whole; uploads are none of the source's.
        again = json.loads(gates.server.cli("data", "collect", "meter", "--json").stdout)
        expect(again["unchanged"] and again["version"]["version"] == 3, again)
        data.write_text("fare\n900\n800\n700\n4\n")
        held = gates.server.cli("data", "collect", "meter", check=False)
        expect(held.returncode == 99 and "rides@4 is quarantined" in held.stdout, held.stdout + held.stderr)
        expect(gates.upload("rides", [5000])["state"] == "ready", "an upload was judged by a source's suite")
        lineage = gates.server.get("/api/v1/lineage", node="dataset:rides@2").json()
        expect("rides.set-aside@1" in json.dumps(lineage), lineage)


def pipelines_and_models_name_suites(backend):
    with gated(backend) as gates:
        gates.suite("fares", between("fare", 0, 100))
        gates.attach("fares", "rides")
        gates.upload("rides", [1])
        yaml = """name: told
trigger:
  - event: dataset.version_quarantined
tasks:
  check:
    run: millwright quality validate --suite fares --dataset rides@2
  use:
    needs: [check]
    run: echo used
"""
        registered = gates.server.post("/api/v1/pipelines", {"yaml": yaml})
        expect(registered.status == 200, registered.body[:300])
        gates.upload("rides", [2000])
        def ended():
            runs = gates.server.get("/api/v1/pipeline-runs", pipeline="told").json()["pipeline_runs"]
            return runs if runs and runs[0]["state"] not in ("queued", "running") else None
        runs = gates.server.wait_for(ended, "the end of the run that the quarantine started")
        expect([run["state"] for run in runs] == ["held"], runs)
        gates.server.mlflow("registered-models/create", {"name": "fares"})
        gates.server.mlflow("model-versions/create", {"name": "fares", "source": "mlflow-artifacts:/0/x/artifacts/model"})
        gate = gates.server.post("/api/v1/models/fares/gate", {"yaml": "aliases: [champion]\nsuites: [{suite: fares, dataset: rides}]\n"})
        expect(gate.status == 200, gate.body[:300])
        move = "/api/v1/models/fares/aliases/champion"
        # The held version is nobody's; once it is released it is the latest, and the gate looks at it.
        moved = gates.server.post(move, {"version": "1"})
        expect(moved.status == 200, moved.body[:300])
        gates.server.mlflow("model-versions/create", {"name": "fares", "source": "mlflow-artifacts:/0/y/artifacts/model"})
        gates.server.post("/api/v1/datasets/rides/versions/2/release", {"reason": "a study of dirt"})
        refused = gates.server.post(move, {"version": "2"})
        expect(refused.status == 400 and b"suite fares failed on rides@2" in refused.body, refused.body[:300])
        gates.upload("rides", [3])
        moved = gates.server.post(move, {"version": "2"})
        expect(moved.status == 200, moved.body[:300])


def others_are_served_meanwhile(backend):
    with gated(backend) as gates:
        gates.upload("rides", [1, 2, 3])
        gates.server.cli("quality", "suite", str(SUITE))
        gates.attach("flights_raw", "flights")
        made, slowest, asked = [], {}, 0
        flights = FLIGHTS.read_bytes()
        thread = threading.Thread(target=lambda: made.append(gates.upload("flights", flights, "flights.parquet")))
        started = time.monotonic()
        thread.start()
        while thread.is_alive():
            for path in ("/api/v1/datasets", "/api/v1/datasets/rides/versions/1/rows", "/api/v1/quarantine"):
                begun = time.monotonic()
                answer = gates.server.get(path)
                expect(answer.status == 200, answer.body[:300])
                slowest[path] = max(slowest.get(path, 0), time.monotonic() - begun)
                asked += 1
        thread.join()
        taken = time.monotonic() - started
        expect(made and made[0]["state"] == "ready", made)
        expect(asked >= 30, f"only {asked} requests were answered in {taken:.1f} s")
        print(f"        {made[0]['row_count']} rows judged within {taken:.1f} s; {asked} others, slowest "
              + ", ".join(f"{path} {1000 * seconds:.0f} ms" for path, seconds in slowest.items()), flush=True)
        # Half a year of dirt at once: the rows that failed are far too many kinds to be set aside.
        gates.attach("flights_raw", "flights", "set-aside")
        dirty = gates.upload("flights", DIRTY.read_bytes(), "dirty.csv")
        expect(dirty["state"] == "quarantined", dirty)
        report = max(gates.server.get("/api/v1/validations", dataset="flights").json()["validations"], key=lambda v: v["created_ms"])
        page = gates.server.get(f"/api/v1/validations/{report['id']}/report").body
        expect(len(page) < 1_000_000 and b"of the last 2 times" in page, f"a report of {len(page)} bytes")


TESTS = (a_killed_server_lets_nothing_through, a_suite_that_breaks_holds, a_suite_that_vanishes_holds,
         a_suite_that_changes_judges_again, versions_at_once_are_each_judged, a_source_is_gated,
         pipelines_and_models_name_suites, others_are_served_meanwhile)
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""

with Postgres() as postgres:
    run_tests([(f"{test.__name__.replace('_', ' ')} ({name})", lambda test=test, backend=backend: test(backend()))
               for test in TESTS if ONLY in test.__name__
               for name, backend in (("SQLite", lambda: ""), ("PostgreSQL", postgres.new_database))])
