#!/usr/bin/env python3
"""SQL from outside costs the server nothing: huge values, endless statements, callers that go away, processes that are killed.

usage: sql_bounds.py BINARY
"""
import contextlib
import http.client
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
LIMIT_SECONDS = 4
# A loaded machine takes its time to start, to kill and to answer; without a limit the statements run for hours.
SLACK_SECONDS = 60
SERVER_BYTES_MAX = 300 << 20
ENDLESS = "SELECT count(*) FROM range(1000000000000) a WHERE a.range % 7 = 8"
HUGE = "length(repeat('a', 2000000000))"

QUERIES = [
    f"SELECT {HUGE}",
    f"SELECT {HUGE} FROM predictions",
    "SELECT length(lpad('a', 2000000000, 'b')), length(rpad('a', 2000000000, 'b'))",
    "SELECT length(repeat(repeat('a', 50000), 50000))",
    "SELECT list_sum(range(0, 3000000000))",
    "SELECT len(list_resize([1], 2000000000, 7))",
    "SELECT string_agg(a.range || 'text', ',') FROM range(100000000) a",
    "SELECT repeat('a', 60000000)",
    "SELECT repeat('a', 10000) FROM range(10000)",
    "SELECT * FROM range(10000) a, range(10000) b, range(10000) c ORDER BY a.range * b.range % 1000003, c.range",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r",
    ENDLESS,
]
CONDITIONS = [f"{HUGE} > 0", "len(range(0, 3000000000)) > 0",
              "(SELECT count(*) FROM range(1000000000000) a WHERE a.range % 7 = 8) = 0"]


def small_log(server, folder):
    file = pathlib.Path(folder) / "log.jsonl"
    file.write_text("".join(json.dumps({"id": f"p{i}", "time_ms": 1_000_000_000_000 + i * 1000, "inputs": {"x": i % 17},
                                        "outputs": {"score": i % 10 / 10}}) + "\n" for i in range(2000)))
    server.cli("predictions", "push", "shop", str(file))


def peak_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10


def children(pid):
    """The processes that answer SQL."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                with contextlib.suppress(OSError):
                    if b"sql-session" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                        found.append(int(child))
    return found


def processor_seconds(pid):
    with contextlib.suppress(OSError):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0


def busy_child(server, seconds=SLACK_SECONDS):
    """The process that is at work: the one that is started ahead computes nothing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for child in children(server.process.pid):
            if processor_seconds(child) > 2:
                return child
        select.select([], [], [], 0.05)
    raise Failure("no process works at the question")


def await_end(pid, seconds=SLACK_SECONDS):
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(handle, "rb", closefd=True):
        expect(select.select([handle], [], [], seconds)[0], f"process {pid} goes on without its caller")


class Neighbour:
    """Somebody who asks the server for other things all the while."""

    def __init__(self, server):
        self.server, self.slowest, self.answers, self.failure = server, 0.0, 0, ""
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(0.02):
            for path in ("/health", "/api/v1/prediction-logs", "/metrics"):
                begin = time.monotonic()
                try:
                    status = self.server.get(path).status
                except OSError as error:
                    status = repr(error)
                if status != 200:
                    self.failure = f"{path}: {status}"
                self.slowest = max(self.slowest, time.monotonic() - begin)
                self.answers += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def nothing_that_is_asked_costs_the_server_much():
    options = ["--sql-memory-mib", "256", "--sql-time-limit-s", str(LIMIT_SECONDS), "--sql-sessions-max", "2"]
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, *options) as server:
        small_log(server, data)
        path = "/api/v1/endpoints/shop/predictions/query"
        expect(server.post(path, {"sql": "SELECT count(*) FROM predictions"}).json()["rows"] == [[2000]], "a plain question")
        wrong = server.post(path, {"sql": "SELECT no_such FROM predictions"})
        expect(wrong.status == 400 and "no_such" in wrong.json()["message"] and "LINE 1" in wrong.json()["message"],
               f"{wrong.body}")
        with Neighbour(server) as neighbour:
            for sql in QUERIES:
                begin = time.monotonic()
                answer = server.post(path, {"sql": sql})
                took = time.monotonic() - begin
                expect(answer.status in (429, 504), f"{sql}: {answer.status} {answer.body[:300]}")
                expect(took < LIMIT_SECONDS + SLACK_SECONDS, f"{sql}: {took} s")
            huge = server.post(path, {"sql": QUERIES[0]})
            expect(huge.status == 429 and "256 MB (sql.memory_mib)" in huge.json()["message"], f"{huge.body}")
            endless = server.post(path, {"sql": ENDLESS})
            expect(endless.status == 504 and f"within {LIMIT_SECONDS} s" in endless.json()["message"], f"{endless.body}")
            typed = server.cli("predictions", "query", "shop", QUERIES[0], check=False)
            expect(typed.returncode != 0 and "sql.memory_mib" in typed.stderr, typed.stderr)
            for where in CONDITIONS:
                for kind in ("summary", "rows", "file"):
                    query = urllib.parse.urlencode({"where": where, "format": "parquet"})
                    answer = server.get(f"/api/v1/prediction-logs/shop/{kind}?{query}")
                    expect(answer.status in (429, 504), f"{kind} {where}: {answer.status} {answer.body[:300]}")
        expect(neighbour.answers > 30 and not neighbour.failure, f"{neighbour.answers} answers; {neighbour.failure}")
        expect(neighbour.slowest < SLACK_SECONDS, f"a neighbour waited for {neighbour.slowest} s")
        peak = peak_bytes(server.process.pid)
        print(f"        the server took {peak >> 20} MB at most; {neighbour.answers} other answers, "
              f"the slowest after {neighbour.slowest:.2f} s")
        expect(peak < SERVER_BYTES_MAX, f"the server took {peak >> 20} MB")
        expect(server.post(path, {"sql": "SELECT max(input_x) FROM predictions"}).json()["rows"] == [[16]], "afterwards")


def suites_and_derived_datasets_are_bounded_too():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--sql-memory-mib", "256") as server:
        small_log(server, data)
        # 2000000000 written such that no look at the text finds it.
        huge = "length(repeat('a', 1999999999 + CAST(round(random()) AS INTEGER)))"
        suite = pathlib.Path(data) / "suite.yaml"
        suite.write_text(f"suite: hostile\nchecks:\n  - sql_value: {{sql: \"max({huge})\", min: 0}}\n")
        judged = server.cli("quality", "validate", "predictions:shop", "--suite", str(suite), "--json", check=False)
        expect(judged.returncode != 0 and "sql.memory_mib" in judged.stdout + judged.stderr, judged.stdout + judged.stderr)
        table = pathlib.Path(data) / "t.csv"
        table.write_text("a,b\n1,2\n")
        server.cli("data", "upload", "t", str(table))
        derived = server.post("/api/v1/datasets/made/derive", {"sql": f"SELECT {huge} AS n FROM t", "inputs": {"t": "t"}})
        expect(derived.status == 429 and "sql.memory_mib" in derived.json()["message"], f"{derived.status} {derived.body}")
        peak = peak_bytes(server.process.pid)
        expect(peak < SERVER_BYTES_MAX, f"the server took {peak >> 20} MB")


def a_caller_that_goes_takes_the_question_along():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--sql-time-limit-s", "3600") as server:
        small_log(server, data)
        asking = subprocess.Popen([str(BINARY), "predictions", "query", "shop", ENDLESS], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, env={**os.environ, "MILLWRIGHT_URI": server.uri})
        child = busy_child(server)
        asking.send_signal(signal.SIGINT)  # Ctrl-C
        asking.wait()
        await_end(child)
        where = "(SELECT count(*) FROM range(1000000000000) a WHERE a.range % 7 = 8) = 0"
        asking = subprocess.Popen([str(BINARY), "predictions", "summary", "shop", "--where", where],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "MILLWRIGHT_URI": server.uri})
        child = busy_child(server)
        asking.kill()
        asking.wait()
        await_end(child)


def a_derived_dataset_ends_with_its_caller():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--sql-time-limit-s", "3600") as server:
        table, sql = pathlib.Path(data) / "t.csv", pathlib.Path(data) / "endless.sql"
        table.write_text("a,b\n1,2\n")
        sql.write_text(f"SELECT t.a, ({ENDLESS}) AS n FROM t")
        server.cli("data", "upload", "t", str(table))
        asking = subprocess.Popen([str(BINARY), "data", "derive", "made", "--sql", str(sql), "--input", "t=t"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  env={**os.environ, "MILLWRIGHT_URI": server.uri})
        child = busy_child(server)
        asking.send_signal(signal.SIGINT)  # Ctrl-C
        asking.wait()
        await_end(child)
        # A client that closes its connection.
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        connection.request("POST", "/api/v1/datasets/made/derive", json.dumps({"sql": sql.read_text(), "inputs": {"t": "t"}}),
                           {"Content-Type": "application/json"})
        child = busy_child(server)
        connection.close()
        await_end(child)
        expect(server.get("/api/v1/datasets/made").status == 404, "something was made all the same")
        derived = server.post("/api/v1/datasets/made/derive", {"sql": "SELECT a + 1 AS a FROM t", "inputs": {"t": "t"}})
        expect(derived.status == 200, f"the next one: {derived.status} {derived.body}")


def a_slow_download_is_not_cut():
    """The limit is of the statement's work: who reads slowly has his answer, and costs no other question its turn."""
    rows = 20000
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--sql-time-limit-s", str(LIMIT_SECONDS),
                                                       "--sql-sessions-max", "1") as server:
        file = pathlib.Path(data) / "log.jsonl"
        file.write_text("".join(json.dumps({"id": f"p{i}", "time_ms": 1_000_000_000_000 + i * 1000,
                                            "inputs": {"words": f"{i * 7919 % 1000003} " * 100}}) + "\n" for i in range(rows)))
        server.cli("predictions", "push", "shop", str(file))
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        connection.request("GET", "/api/v1/prediction-logs/shop/file?" + urllib.parse.urlencode(
            {"format": "jsonl", "where": "input_words <> ''"}))
        answer = connection.getresponse()
        expect(answer.status == 200, f"{answer.status}")
        read = answer.read(1 << 20)
        begin = time.monotonic()
        while time.monotonic() - begin < 2 * LIMIT_SECONDS:  # slower than the limit
            expect(server.post("/api/v1/endpoints/shop/predictions/query", {"sql": "SELECT 1"}).status == 200, "its turn is kept")
            read += answer.read(1 << 14)
        read += answer.read()
        connection.close()
        lines = read.decode().splitlines()
        expect(len(lines) == rows and {json.loads(line)["id"] for line in lines} == {f"p{i}" for i in range(rows)},
               f"{len(lines)} of {rows} rows")


def a_killed_process_is_said_to_be_killed():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, "--sql-time-limit-s", "3600") as server:
        small_log(server, data)
        path, answers = "/api/v1/endpoints/shop/predictions/query", []
        asking = threading.Thread(target=lambda: answers.append(server.post(path, {"sql": ENDLESS})))
        asking.start()
        os.kill(busy_child(server), signal.SIGKILL)
        asking.join()
        expect(answers[0].status == 503 and "ended from outside" in answers[0].json()["message"], f"{answers[0].body}")
        expect(server.post(path, {"sql": "SELECT 1"}).json()["rows"] == [[1]], "the next question")
        left = children(server.process.pid)
        server.kill()
        for child in left:
            await_end(child)


run_tests([(test.__name__.replace("_", " "), test) for test in (
    nothing_that_is_asked_costs_the_server_much, suites_and_derived_datasets_are_bounded_too,
    a_caller_that_goes_takes_the_question_along, a_derived_dataset_ends_with_its_caller, a_slow_download_is_not_cut,
    a_killed_process_is_said_to_be_killed)])
