#!/usr/bin/env python3
"""What the prediction log goes through: kill -9 while it merges its files, SQL that wants out, odd clocks, ids and columns,
a million categories.

usage: prediction_log_faults.py BINARY
"""
import datetime
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROUNDS = 200 if os.environ.get("MILLWRIGHT_SOAK") else 24
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START = int(datetime.datetime(2001, 6, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)


def until(server, claim, what, seconds=240):
    """Asks again until `claim` holds: what the log does by itself tells no event."""
    deadline = time.monotonic() + seconds
    while not claim():
        expect(time.monotonic() < deadline, f"{what} did not happen within {seconds} s")
        try:
            server.process.wait(0.05)
            raise AssertionError(f"the server ended before {what}: {server.log()[-2000:]}")
        except subprocess.TimeoutExpired:
            pass


def rows_of(first, count, **more):
    return [{"id": f"p{n}", "time_ms": START + n * 60_000, "input_x": n % 7, "output_probability": 0.5, **more}
            for n in range(first, first + count)]


def push(server, log, rows):
    """Answers what the server says, or nothing when it is gone."""
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    try:
        answer = server.request("PUT", f"/api/v1/prediction-logs/{log}?filename=rows.jsonl", body,
                                {"Content-Type": "application/octet-stream"})
    except OSError:
        return None
    return answer


def ask(server, log, sql):
    answer = server.post(f"/api/v1/endpoints/{log}/predictions/query", {"sql": sql})
    expect(answer.status == 200, f"{sql}: {answer.status} {answer.body[:300]}")
    return answer.json()["rows"]


def outcomes(server, log, ids, value=1):
    try:
        return server.post("/api/v1/outcomes", {"endpoint": log, "outcomes": [
            {"prediction_id": each, "value": value} for each in ids]})
    except OSError:
        return None


def check_all(server, acknowledged, labelled):
    rows = ask(server, "shop", "SELECT count(*), count(DISTINCT id), count(outcome), (SELECT count(*) FROM outcomes) "
                               "FROM predictions")
    total, distinct, known, told = rows[0]
    expect(total == distinct, f"{total - distinct} predictions are doubled")
    expect(total >= acknowledged, f"{acknowledged - total} of {acknowledged} acknowledged predictions are lost")
    expect(told >= labelled and known >= labelled, f"{labelled} outcomes were acknowledged, {told} are there, {known} joined")
    return total, told


def parquet(data):
    return sorted((data / "predictions").rglob("*.parquet"))


def earlier_layout(data):
    """Puts files of one hour into a folder of the hour, without what is beside them, as an earlier release left them."""
    for file in parquet(data):
        first, last = file.stem.split("-")
        if file.parent.name != "2001-06" or first != last:
            continue
        hour = int(first)
        folder = file.parent.parent / f"2001-06-{1 + hour // 24:02}-{hour % 24:02}"
        folder.mkdir(exist_ok=True)
        file.rename(folder / file.name)
        file.with_suffix(".ids").unlink()


def kills_amid_merges():
    """Each start turns what the last one left into Parquet and merges small files; kill -9 comes at any moment of it."""
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder)
        server = Server(BINARY, data)
        acknowledged = labelled = attempted = 0
        for round_number in range(ROUNDS):
            server.start()
            for _ in range(chance.randrange(1, 4)):
                answer = push(server, "shop", rows_of(attempted, 20))
                expect(answer is not None and answer.status == 200, f"refused: {answer and answer.body}")
                told = outcomes(server, "shop", [f"p{n}" for n in range(attempted, attempted + 20)])
                expect(told.status == 200, f"refused: {told.body}")
                attempted += 20
                acknowledged += 20
                labelled += 20
            if round_number % 4 == 3:
                expect(check_all(server, acknowledged, labelled) == (acknowledged, labelled), "other rows than were sent")
            server.kill()
            if round_number == ROUNDS // 2:
                earlier_layout(data)
        # Then it is killed ever later after its start, until it has come to the end of its merges.
        for round_number in range(12):
            process = subprocess.Popen([str(BINARY), "server", "--port", "0", "--data", str(data)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(0.1 + 0.1 * round_number)
            except subprocess.TimeoutExpired:
                process.kill()
            process.wait()
        server.start()
        expect(check_all(server, acknowledged, labelled) == (acknowledged, labelled), "other rows than were sent")
        until(server, lambda: len(parquet(data)) < 32, "small files are merged")  # 48 were written
        expect(check_all(server, acknowledged, labelled) == (acknowledged, labelled), "other rows than were sent")
        expect(not [file for file in (data / "predictions").rglob("*.ids") if not file.with_suffix(".parquet").exists()],
               "ids without rows")
        server.stop()


def sql_wants_out():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other, Server(BINARY, folder) as server:
        expect(push(server, "shop", rows_of(0, 100)).status == 200, "not pushed")
        expect(push(server, "secret", rows_of(0, 100, input_password="hush")).status == 200, "not pushed")
        data, secret = pathlib.Path(folder), pathlib.Path(other) / "secret.csv"
        secret.write_text("a\n1\n")
        server.stop()
        server.start()
        until(server, lambda: {"shop", "secret"} <= {file.parent.parent.name for file in parquet(data)}, "both logs are Parquet")
        theirs = next(file for file in parquet(data) if "secret" in str(file))
        database = data / "millwright.db"
        for sql in (f"SELECT * FROM read_csv('{secret}')", f"SELECT * FROM '{secret}'", f"SELECT * FROM read_text('{secret}')",
                    f"SELECT * FROM read_blob('{secret}')", f"SELECT * FROM read_parquet('{theirs}')",
                    f"SELECT * FROM parquet_metadata('{theirs}')", f"SELECT * FROM parquet_schema('{theirs}')",
                    f"SELECT * FROM read_parquet('{data}/predictions/predictions/*/*/*.parquet')",
                    f"SELECT * FROM glob('{data}/**')", f"SELECT * FROM sniff_csv('{secret}')",
                    f"SELECT * FROM query('SELECT * FROM read_csv(''{secret}'')')",
                    f"SELECT * FROM read_csv('/proc/self/environ')", "SELECT * FROM read_text('/etc/passwd')",
                    f"ATTACH '{database}' AS db", f"ATTACH '{other}/new.db'", f"COPY (SELECT 1) TO '{other}/out.csv'",
                    f"COPY predictions TO '{other}/out.parquet' (FORMAT parquet)", f"EXPORT DATABASE '{other}/out'",
                    f"IMPORT DATABASE '{other}'", "INSTALL httpfs", "LOAD httpfs", f"LOAD '{other}/x.duckdb_extension'",
                    "SET threads = 64", "SET memory_limit = '100GB'", "SET enable_external_access = true",
                    "SET lock_configuration = false", "RESET threads", "PRAGMA threads=64", "PRAGMA database_list",
                    "CALL pragma_version()", "CREATE TABLE t AS SELECT 1", "DROP VIEW predictions", "CREATE SECRET (TYPE s3)",
                    "BEGIN", "CHECKPOINT", "SELECT 1; SELECT 2", "SELECT 1) TO 'x' --", "EXPLAIN ANALYZE SELECT 1",
                    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')", "SELECT getenv('HOME')",
                    "INSERT INTO predictions VALUES (1)", "DELETE FROM outcomes", "PREPARE q AS SELECT 1", "", "  ;"):
            answer = server.post("/api/v1/endpoints/shop/predictions/query", {"sql": sql})
            expect(400 <= answer.status < 500 and b"hush" not in answer.body, f"{sql}: {answer.status} {answer.body[:300]}")
        for where in ("1=1) UNION SELECT * FROM outcomes --", "1=1; DROP VIEW predictions", f"id IN (SELECT a FROM '{secret}')"):
            for path in (f"prediction-logs/shop/summary", "endpoints/shop/predictions", "prediction-logs/shop/file",
                         "prediction-logs/shop/performance"):
                answer = server.get(f"/api/v1/{path}", where=where)
                expect(400 <= answer.status < 500, f"{path} where {where}: {answer.status} {answer.body[:300]}")
        expect(list(pathlib.Path(other).iterdir()) == [secret], "something was written")
        expect(ask(server, "shop", "SELECT count(*) FROM predictions") == [[100]], "the log is not what it was")


def memory_of(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


def odd_rows():
    """A week of what should not be, through the same doors as all else; every question is answered."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as files, Server(BINARY, folder) as server:
        def day(number, rows):
            for i, row in enumerate(rows):
                row.setdefault("id", f"d{number}-{i}")
                row.setdefault("time_ms", START + number * DAY_MS + i * 60_000)
                row.setdefault("output_probability", 0.5)
            answer = push(server, "shop", rows)
            expect(answer.status == 200, f"day {number}: {answer.status} {answer.body[:300]}")
            return answer.json()

        good = lambda: [{"input_x": i % 50, "input_kind": "abc"[i % 3], "input_same": 1} for i in range(300)]  # noqa: E731
        day(0, good())
        day(1, good())
        day(2, [{"input_x": 1, "input_kind": "a", "input_same": 1}])  # one row
        day(3, [{"input_x": None, "input_kind": None, "input_same": None} for _ in range(300)])  # all null
        day(4, [{"input_x": ["Infinity", "-Infinity", "NaN"][i % 3], "input_kind": "a"} for i in range(300)])
        day(5, [{"input_x": "word", "input_new": i} for i in range(300)])  # another schema, new and vanished columns
        again = day(6, [{"id": "twice", "input_x": 1} for _ in range(10)])
        expect(again["predictions"] == 1 and again["known"] == 9, f"one id counts once: {again}")
        expect(day(6, [{"id": "twice", "input_x": 1}])["known"] == 1, "an id that is known")
        future = int(time.time() * 1000) + 3650 * DAY_MS
        day(7, [{"id": f"future{i}", "time_ms": future + i, "input_x": 1} for i in range(3)])
        back = [{"id": f"back{i}", "time_ms": START + 8 * DAY_MS - i * HOUR_MS, "input_x": 1} for i in range(48)]
        day(8, back)  # a clock that runs backwards
        old = day(9, [{"id": f"old{i}", "time_ms": -DAY_MS * 365 * 100, "input_x": 1} for i in range(3)])
        expect((old["predictions"], old["refused"]) == (0, 3), f"before 1970: {old}")
        # Outcomes of nobody, of one twice, corrected, in the future and in the past.
        expect(outcomes(server, "shop", ["nobody", "nobody", "twice", "d0-1"]).status == 200, "outcomes")
        for value, when, status in ((0, START, 200), (1, START + 5, 200), (0, START + 3, 200), (0, future, 400)):
            answer = server.post("/api/v1/outcomes", {"endpoint": "shop", "outcomes": [
                {"prediction_id": "d0-2", "value": value, "time_ms": when}]})
            expect(answer.status == status, f"an outcome at {when}: {answer.status} {answer.body}")
        for restart in (False, True):
            if restart:
                server.kill()
                server.start()
            known = ask(server, "shop", "SELECT id, outcome FROM predictions WHERE outcome IS NOT NULL ORDER BY id")
            expect(known == [["d0-1", 1.0], ["d0-2", 1.0], ["twice", 1.0]], f"{known}")
            newest = server.get("/api/v1/endpoints/shop/predictions", limit=3).json()
            expect([each["id"] for each in newest["predictions"]] == ["future2", "future1", "future0"], f"{newest}")
            one = server.get("/api/v1/endpoints/shop/predictions", id="d0-2").json()["predictions"]
            expect([(each["id"], each["outcome"]) for each in one] == [("d0-2", 1)], f"{one}")
            total = ask(server, "shop", "SELECT count(*) FROM predictions")[0][0]
            seen, token = 0, ""
            while True:
                page = server.get("/api/v1/endpoints/shop/predictions", limit=500, page_token=token).json()
                seen += len(page["predictions"])
                token = page.get("next_page_token", "")
                if not token:
                    break
            expect(seen == total == 1553, f"{seen} in pages, {total} in all")
            for number in range(10):
                slice_of = {"from_ms": START + number * DAY_MS, "to_ms": START + (number + 1) * DAY_MS}
                for path in ("prediction-logs/shop/summary", "prediction-logs/shop/performance"):
                    answer = server.get(f"/api/v1/{path}", **slice_of)
                    none = path.endswith("performance") and answer.status == 400  # of a day without an answer that is a number
                    expect(answer.status == 200 or none, f"day {number} {path}: {answer.status} {answer.body[:300]}")
        summary = server.get("/api/v1/prediction-logs/shop/summary", from_ms=START + 4 * DAY_MS, to_ms=START + 5 * DAY_MS).json()
        column = next(each for each in summary["inputs"] if each["name"] == "x")
        expect(summary["predictions"] == 300 and column.get("min") is None, f"infinities have no least: {column}")
        monitor = pathlib.Path(files) / "monitor.yaml"
        monitor.write_text(f"name: shop\nendpoint: shop\nwindow_ms: {DAY_MS}\nrows_min: 100\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-02}\n")
        server.cli("monitors", "create", str(monitor))
        server.cli("monitors", "evaluate", "shop")
        windows = server.get("/api/v1/monitors/shop/health").json()["windows"]
        expect(len(windows) >= 8, f"{len(windows)} windows")
        expect(server.get("/metrics").status == 200, "no metrics")


def odd_windows_are_judged_as_they_are():
    """A monitor over days that are each odd in one way: what drifted, what broke the contract, what is new; never an error."""
    good = lambda: [{"input_x": i % 50, "input_kind": "abc"[i % 3], "input_same": 1} for i in range(300)]  # noqa: E731
    every = {"rows": 300, "verdict": "drifted", "drifted": {"x"}, "breaches": {}, "new": [], "outliers": 0}
    quiet = {"verdict": "quiet", "drifted": set()}
    absent = {"missing": 300, "absent": True}
    days = {  # the rows of a day and what is said of it
        "quiet": (good(), quiet),
        "one row": (good()[:1], {"rows": 1, "verdict": "not_enough_data", "drifted": set()}),
        "all null": ([{"input_x": None, "input_kind": None, "input_same": None} for _ in range(300)],
                     {"drifted": {"x", "kind", "same"}, "breaches": {"x": absent, "kind": absent, "same": absent}}),
        "a constant": ([{**row, "input_x": 7} for row in good()], {"breaches": {"x": {"constant": True}}}),
        "infinities": ([{**row, "input_x": ["Infinity", "-Infinity"][i % 2]} for i, row in enumerate(good())],
                       {**quiet, "breaches": {"x": {"out_of_range": 300}}, "outliers": 300}),
        "some infinities": ([{**row, "input_x": "Infinity" if i < 30 else row["input_x"]} for i, row in enumerate(good())],
                            {**quiet, "breaches": {"x": {"out_of_range": 30}}, "outliers": 30}),
        "NaN": ([{**row, "input_x": "NaN"} for row in good()], {"breaches": {"x": {"missing": 300, "constant": True}}}),
        "a word for numbers": ([{**row, "input_x": "word"} for row in good()],
                               {"breaches": {"x": {"type_changed": 300, "constant": True}}}),
        "a number for words": ([{**row, "input_kind": 5} for row in good()],
                               {"drifted": {"kind"}, "breaches": {"kind": {"new_category": 300, "constant": True}}, "outliers": 300}),
        "a new column": ([{**row, "input_new": i} for i, row in enumerate(good())], {**quiet, "new": ["new"]}),
        "a vanished column": ([{"input_kind": row["input_kind"], "input_same": 1} for row in good()], {"breaches": {"x": absent}}),
        "new categories": ([{**row, "input_kind": f"k{i}"} for i, row in enumerate(good())],
                           {"drifted": {"kind"}, "breaches": {"kind": {"new_category": 300}}, "outliers": 300}),
        "out of range": ([{**row, "input_x": 1e9} for row in good()],
                         {"breaches": {"x": {"out_of_range": 300, "constant": True}}, "outliers": 300}),
        "a clock that runs backwards": (good(), quiet),
        "quiet again": (good(), quiet)}
    names = ["reference"] * 3 + list(days)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as files, Server(BINARY, folder) as server:
        monitor = pathlib.Path(files) / "monitor.yaml"
        monitor.write_text(f"name: shop\nendpoint: shop\nwindow_ms: {DAY_MS}\nrows_min: 100\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-04}\n")
        for number, name in enumerate(names):
            if name == "quiet":
                server.cli("monitors", "create", str(monitor))
            rows = [dict(row) for row in days[name][0]] if name in days else good()
            for i, row in enumerate(rows):
                minute = len(rows) - i if "backwards" in name else i
                row.update(id=f"d{number}-{i}", time_ms=START + number * DAY_MS + minute * 60_000, output_probability=0.5)
            answer = push(server, "shop", rows)
            expect(answer.status == 200 and answer.json()["predictions"] == len(rows), f"{name}: {answer.body[:300]}")
        future = int(time.time() * 1000) + 3650 * DAY_MS
        push(server, "shop", [{"id": f"f{i}", "time_ms": future + i, "input_x": 1e9, "output_probability": 0.5} for i in range(300)])
        server.cli("monitors", "evaluate", "shop")
        drift = server.get("/api/v1/monitors/shop/drift").json()["windows"]
        quality = server.get("/api/v1/monitors/shop/quality").json()["windows"]
        expect(len(drift) == len(quality) == len(names) + 1, f"{len(drift)} windows of drift, {len(quality)} of quality")
        for name, window, checked in zip(names, drift, quality):
            seen = {"rows": window["rows"], "verdict": window["verdict"],
                    "drifted": {feature["name"] for feature in window["features"] if feature["drifted"]},
                    "breaches": {each["feature"]: {kind: count for kind, count in each.items() if count and kind != "feature"}
                                 for each in checked["breaches"]},
                    "new": checked["new_columns"], "outliers": checked["outliers"]}
            told = days[name][1] if name in days else {**quiet, "verdict": "reference"}
            expect(seen == {**every, **told}, f"{name}: {seen}")
        # What lies in the future completes nothing and raises nothing.
        expect((drift[-1]["verdict"], drift[-1]["complete"]) == ("incomplete", False), f"{drift[-1]}")
        report = server.get("/api/v1/monitors/shop/report")
        expect(report.status == 200 and server.get("/metrics").status == 200, "no report")


def a_limit_of_age():
    """Rows of years ago and of now: with a limit the old ones go at once, those in a month's file too, and those that come later."""
    now = int(time.time() * 1000)
    with tempfile.TemporaryDirectory() as folder:
        with Server(BINARY, folder) as server:
            expect(push(server, "shop", rows_of(0, 50)).status == 200, "not pushed")
            expect(push(server, "shop", rows_of(100, 20, time_ms=now)).status == 200, "not pushed")
            server.stop()
        limit = "--prediction-log-keep-days"
        with Server(BINARY, folder, limit, "30") as server:
            left = lambda: ask(server, "shop", "SELECT count(*) FROM predictions")[0][0]  # noqa: E731
            until(server, lambda: left() == 20, "rows of years ago go at the start", 60)
            expect(push(server, "shop", rows_of(200, 30)).status == 200, "not pushed")
            expect(left() == 50, f"{left()} rows")
            until(server, lambda: left() == 20, "rows that came too old go, too")
            server.stop()
        with Server(BINARY, folder) as server:
            expect(ask(server, "shop", "SELECT count(*) FROM predictions")[0][0] == 20, "rows of now are gone")


def a_million_categories():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, folder) as server:
        count = 1_000_000
        body = b"id,time_ms,input_kind,output_probability\n" + b"".join(
            b"p%d,%d,category %d,0.5\n" % (n, START + 2 * DAY_MS * n // count, n) for n in range(count))
        answer = server.request("PUT", "/api/v1/prediction-logs/shop?filename=rows.csv", body,
                                {"Content-Type": "application/octet-stream"})
        expect(answer.status == 200 and answer.json()["predictions"] == count, f"{answer.status} {answer.body[:300]}")
        summary = server.get("/api/v1/prediction-logs/shop/summary").json()
        kind = summary["inputs"][0]
        expect(summary["predictions"] == count and len(kind["top"]) == 10, f"{summary}")
        expect(math.isclose(kind["distinct"], count, rel_tol=0.1), f"about {kind['distinct']} distinct")
        expect(kind["distinct_approximate"], f"a sketch is said to be one: {kind}")
        answer = server.get("/api/v1/prediction-logs/shop/performance", by="kind")
        expect(answer.status == 200, f"{answer.body[:300]}")
        # Half of them are the reference, and all of the other half are new.
        spec = {"name": "shop", "endpoint": "shop", "window_ms": DAY_MS, "rows_min": 100,
                "reference_window": {"from": "2001-06-01", "to": "2001-06-02"}}
        expect(server.post("/api/v1/monitors", spec).status == 200, "no monitor")
        evaluated = server.post("/api/v1/monitors/shop/evaluate", {})
        expect(evaluated.status == 200 and evaluated.json()["up_to_date"] == 2, f"{evaluated.status} {evaluated.body[:300]}")
        for path in ("drift", "quality", "health", "report"):
            page = server.get(f"/api/v1/monitors/shop/{path}")
            expect(page.status == 200 and len(page.body) < 200_000, f"{path}: {page.status}, {len(page.body)} bytes")
        windows = server.get("/api/v1/monitors/shop/drift").json()["windows"]
        expect([window["rows"] for window in windows] == [count // 2, count // 2], f"{windows}")
        # Each value comes once: it is looked at as text, by length and words.
        scores = {feature["name"]: feature["score"] for feature in windows[1]["features"]}
        expect(set(scores) == {"kind:length", "kind:words", "kind:oov", "kind:vocabulary"} and all(score is not None for score in scores.values()),
               f"{scores}")
        expect(memory_of(server) < 1000, f"{memory_of(server)} MB")


run_tests([("kill -9 amid merges loses and doubles nothing", kills_amid_merges),
           ("SQL from outside sees its own log only", sql_wants_out),
           ("odd rows, clocks and outcomes are taken and told", odd_rows),
           ("odd windows are judged as they are", odd_windows_are_judged_as_they_are),
           ("a limit of age takes effect at once", a_limit_of_age),
           ("a million categories", a_million_categories)])
