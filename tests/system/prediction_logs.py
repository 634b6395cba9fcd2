#!/usr/bin/env python3
"""Logs of predictions that another server made: files, KServe's logger, outcomes by key, slices, a monitor over them, and
kill -9 after what was acknowledged.

usage: prediction_logs.py BINARY
"""
import csv
import datetime
import json
import os
import pathlib
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
DAY_MS = 86_400_000
START = int(datetime.datetime(2001, 6, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)


def write_rows(file, days, rows_a_day=300, first_id=0, shift_from=None):
    """A shop's orders; from the day `shift_from` on they are ten times as large and the model is wrong about them."""
    number = first_id
    with open(file, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["order", "at", "amount", "country", "score", "fraud"])
        for day in days:
            for i in range(rows_a_day):
                number += 1
                shifted = shift_from is not None and day >= shift_from
                fraud = (i * 7919) % 10 == 0
                score = ((i * 31) % 40 + 5) / 100 + (0.4 if fraud and not shifted else 0)
                at = datetime.datetime.fromtimestamp((START + day * DAY_MS + i * 60_000) / 1000, datetime.timezone.utc)
                rows.writerow([f"o{number}", at.strftime("%Y-%m-%d %H:%M:%S"),
                               round(((i * 37) % 97 + 1) * (10 if shifted else 1), 2),
                               ["DE", "FR", "IT", ""][i % 4], round(score, 4), int(fraud)])
    return file


def push(server, file, *more):
    return json.loads(server.cli("predictions", "push", "shop", str(file), "--id-column", "order", "--time-column", "at",
                                 "--output", "score", *more, "--json").stdout)


def event(server, name, kind, event_id, body, expected=200, **headers):
    request = urllib.request.Request(
        f"{server.uri}/api/v1/prediction-logs/{name}/events?column=a&column=b", json.dumps(body).encode(),
        {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": event_id,
         "ce-type": f"org.kubeflow.serving.inference.{kind}", "ce-source": "http://predictor",
         **{f"ce-{key}": value for key, value in headers.items()}})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    expect(status == expected, f"{kind} {event_id}: {status} {text}")
    return text.decode()


def ask(server, name, sql):
    return json.loads(server.cli("predictions", "query", name, sql, "--json").stdout)["rows"]


def a_file_goes_in_and_comes_out():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files, Server(BINARY, data) as server:
        file = write_rows(pathlib.Path(files) / "orders.csv", range(3))
        first = push(server, file, "--outcome-column", "fraud")
        expect((first["predictions"], first["outcomes"], first["known"]) == (900, 900, 0), f"{first}")
        again = push(server, file, "--outcome-column", "fraud")
        expect((again["predictions"], again["known"]) == (0, 900), f"sent again: {again}")
        logs = json.loads(server.cli("predictions", "logs", "--json").stdout)["logs"]
        expect(logs == [{"name": "shop", "predictions": 900, "outcomes": 900, "served": False, "first_ms": START,
                         "last_ms": START + 2 * DAY_MS + 299 * 60_000}], f"{logs}")
        summary = json.loads(server.cli("predictions", "summary", "shop", "--from", "2001-06-02", "--to", "2001-06-03",
                                        "--where", "input_country = 'DE'", "--json").stdout)
        expect(summary["predictions"] == 75 and summary["coverage"] == 1, f"{summary}")
        expect([one["name"] for one in summary["inputs"]] == ["amount", "country"], f"{summary['inputs']}")
        shown = server.cli("predictions", "summary", "shop").stdout
        expect("900 predictions" in shown and "amount" in shown, shown)
        out = pathlib.Path(files) / "out.parquet"
        server.cli("predictions", "export", "shop", str(out), "--from", "2001-06-03")
        copied = json.loads(server.cli("predictions", "push", "copy", str(out), "--json").stdout)
        expect((copied["predictions"], copied["outcomes"]) == (300, 300), f"{copied}")
        expect(ask(server, "copy", "SELECT count(*), min(input_amount) FROM predictions") == [[300, 1.0]], "other rows")
        refused = server.cli("predictions", "push", "shop", str(file), "--id-column", "nothing", check=False)
        expect(refused.returncode == 1 and "no column nothing" in refused.stderr, refused.stderr)
        suite = pathlib.Path(files) / "suite.yaml"
        suite.write_text("suite: orders\nchecks:\n  - between: {column: input_amount, min: 0, max: 50}\n"
                         "  - not_null: outcome\n")
        judged = server.cli("quality", "validate", "predictions:shop", "--suite", str(suite), "--json", check=False)
        expect(judged.returncode == 3 and [one["success"] for one in json.loads(judged.stdout)["results"]] == [False, True],
               judged.stdout + judged.stderr)
        unknown = server.cli("predictions", "summary", "nobody", check=False)
        expect(unknown.returncode == 1 and "nobody" in unknown.stderr, unknown.stderr)


def outcomes_by_key_and_feedback():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files, Server(BINARY, data) as server:
        file = pathlib.Path(files) / "asked.jsonl"
        file.write_text("".join(json.dumps({"id": f"p{i}", "time_ms": START + i * 1000,
                                            "inputs": {"order": 100 + i}, "outputs": {"score": i / 10}}) + "\n"
                                for i in range(5)))
        server.cli("predictions", "push", "shop", str(file))
        labels = pathlib.Path(files) / "labels.csv"
        labels.write_text("order,returned,known\n101,yes,2001-06-02\n103,no,2001-06-02\n104,no,2001-09-02\n"
                          "101,no,2001-06-03\n999,no,2001-06-02\n")
        server.cli("outcomes", "push", "shop", str(labels), "--key-input", "order", "--value-column", "returned",
                   "--time-column", "known", "--within-hours", "72")
        thumbs = pathlib.Path(files) / "thumbs.csv"
        thumbs.write_text("id,thumb,why\np0,true,\np1,,too slow\n")
        server.cli("outcomes", "push", "shop", str(thumbs), "--id-column", "id", "--kind", "feedback",
                   "--value-column", "thumb", "--comment-column", "why")
        rows = ask(server, "shop", "SELECT id, outcome_text, feedback, feedback_comment FROM predictions ORDER BY id")
        expect(rows == [["p0", None, 1.0, None], ["p1", "no", None, "too slow"], ["p2", None, None, None],
                        ["p3", "no", None, None], ["p4", None, None, None]], f"{rows}")
        history = ask(server, "shop", "SELECT text FROM outcomes WHERE key_value = '101' ORDER BY time_ms")
        expect(history == [["yes"], ["no"]], f"a correction keeps what it corrects: {history}")
        summary = json.loads(server.cli("predictions", "summary", "shop", "--json").stdout)
        expect((summary["outcomes"], summary["outcomes_missing"], summary["feedback"]) == (2, 3, 2), f"{summary}")


def kserve_events_become_predictions():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        event(server, "fraud", "request", "e1", {"instances": [[1, 2], [3, 4]]}, time="2001-06-01T00:00:00Z")
        event(server, "fraud", "response", "e1", {"predictions": [[0.9, 0.1], [0.2, 0.8]]},
              time="2001-06-01T00:00:00.250Z")
        event(server, "fraud", "response", "e2", {"outputs": [{"name": "y", "shape": [1, 1], "datatype": "FP32",
                                                               "data": [0.5]}]})
        event(server, "fraud", "request", "e2", {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32",
                                                             "data": [7, 8]}]}, endpoint="canary")
        rows = ask(server, "fraud", "SELECT id, input_a, input_b, coalesce(output_y, output_probability), latency_us, role "
                                    "FROM predictions ORDER BY id")
        expect(rows[:2] == [["e1/0", 1.0, 2.0, 0.1, 250_000, "live"], ["e1/1", 3.0, 4.0, 0.8, 250_000, "live"]], f"{rows}")
        expect(rows[2][:4] == ["e2", 7.0, 8.0, 0.5] and rows[2][5] == "canary", f"{rows[2]}")
        expect("instances" in event(server, "fraud", "request", "e3", {"rows": []}, 400), "not told what is missing")
        event(server, "fraud", "request", "", {"instances": []}, 400)
        event(server, "fraud", "training", "e4", {"instances": []}, 400)
        event(server, "fraud", "request", "e5", {"inputs": [{"name": "x", "shape": [3], "data": [1, 2]}]}, 400)


def a_monitor_watches_a_model_served_elsewhere():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files, Server(BINARY, data) as server:
        file = write_rows(pathlib.Path(files) / "orders.csv", range(20), shift_from=15)
        push(server, file, "--outcome-column", "fraud")
        monitor = pathlib.Path(files) / "monitor.yaml"
        monitor.write_text(f"name: shop\nendpoint: shop\nprobability_output: score\nwindow_ms: {DAY_MS}\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-08}\nrows_min: 200\n"
                           "outcomes_min: 100\nauc_drop_max: 0.1\n")
        made = server.cli("monitors", "create", str(monitor)).stdout
        expect("shop from 2001-06-01 to 2001-06-08" in made, made)
        server.cli("monitors", "evaluate", "shop")
        alerts = json.loads(server.cli("alerts", "list", "--json").stdout)["alerts"]
        found = {(one["kind"], one["feature"]): one for one in alerts}
        expect(set(found) == {("drift", "amount"), ("performance", "auc")}, f"{sorted(found)}")
        for one in found.values():
            expect(one["window_start_ms"] == START + 15 * DAY_MS, f"not the day of the change: {one}")
        empty = pathlib.Path(files) / "empty.yaml"
        empty.write_text("name: none\nendpoint: shop\nreference_window: {from: 1999-06-01, to: 1999-06-08}\n")
        refused = server.cli("monitors", "create", str(empty), check=False)
        expect(refused.returncode == 1 and "predicted nothing" in refused.stderr, refused.stderr)


def what_was_acknowledged_survives_kill():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files:
        total = 0
        for round_number in range(5):
            with Server(BINARY, data) as server:
                file = write_rows(pathlib.Path(files) / "orders.csv", [round_number], first_id=total)
                total += push(server, file)["predictions"]
                event(server, "shop", "request", f"e{round_number}", {"instances": [[1, 2]]})
                event(server, "shop", "response", f"e{round_number}", {"predictions": [1]})
                total += 1
                server.kill()
        with Server(BINARY, data) as server:
            rows = ask(server, "shop", "SELECT count(*), count(DISTINCT id) FROM predictions")
            expect(rows == [[total, total]] and total == 1505, f"{rows}, not {total}")


def as_many_categories_as_rows_and_very_many_columns():
    """What is kept and answered does not grow with the categories, and a page about 1,500 features takes seconds."""
    def used(server):
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    monitor = {"probability_output": "score", "rows_min": 50, "reference_window": {"from": "2001-06-01", "to": "2001-06-08"}}
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data + "/d") as server:
        wide = pathlib.Path(data) / "wide.csv"
        with open(wide, "w") as out:
            out.write("order,at,city,score,fraud\n")
            for i in range(30_000):
                out.write(f"w{i},{START + i * 40_000},city-{i},{(i * 31) % 40 / 100},{int(i % 10 == 0)}\n")
        push(server, wide, "--outcome-column", "fraud")
        city = server.get("/api/v1/prediction-logs/shop/summary").json()["inputs"][0]
        expect(city["distinct"] == 30_000 and len(city["top"]) == 10, f"{city}")
        body = {"name": "wide", "endpoint": "shop", "window_ms": DAY_MS, **monitor}
        for path in ("/api/v1/monitors/preview", "/api/v1/monitors", "/api/v1/monitors/wide/evaluate"):
            answer = server.post(path, body)
            expect(answer.status == 200 and len(answer.body) < 1 << 20, f"{path}: {answer.status} {answer.body[:300]}")
        sliced = server.get("/api/v1/monitors/wide/health", where="input_city LIKE 'city-1%'")
        expect(sliced.status == 200 and len(sliced.body) < 1 << 20, f"{sliced.status} {sliced.body[:300]}")
        many = pathlib.Path(data) / "many.csv"
        with open(many, "w") as out:
            out.write("order,at,score,fraud," + ",".join(f"c{j}" for j in range(1500)) + "\n")
            for i in range(400):
                out.write(f"x{i},{START + i * 3_600_000},{(i * 31) % 40 / 100},{int(i % 10 == 0)},"
                          + ",".join(str((i * 37 + j * 11) % 97) for j in range(1500)) + "\n")
        server.cli("predictions", "push", "many", str(many), "--id-column", "order", "--time-column", "at", "--output", "score",
                   "--outcome-column", "fraud")
        before = used(server)
        body = {"name": "many", "endpoint": "many", "window_ms": 7 * DAY_MS, **monitor}
        previewed = server.post("/api/v1/monitors/preview", body)
        expect(previewed.status == 200 and len(previewed.json()["profile_features"]) == 1500, f"{previewed.status}")
        spent = used(server) - before
        print(f"        a preview of 1,500 features took {spent:.1f} s of the processor")
        expect(spent < 40, f"a preview of 1,500 features took {spent:.1f} s of the processor")


run_tests([("a file goes in, once however often it is sent, and comes out", a_file_goes_in_and_comes_out),
           ("outcomes are found by an input, and feedback is no label", outcomes_by_key_and_feedback),
           ("events of KServe's logger become predictions", kserve_events_become_predictions),
           ("a monitor watches a model that is served elsewhere", a_monitor_watches_a_model_served_elsewhere),
           ("as many categories as rows, and very many columns", as_many_categories_as_rows_and_very_many_columns),
           ("what was acknowledged survives kill -9", what_was_acknowledged_survives_kill)])
