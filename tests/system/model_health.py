#!/usr/bin/env python3
"""The health of a model over six months of flights: by window and slice, as a report, in Evidently's shape, and what other monitors
would have said.

usage: model_health.py BINARY
"""
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.health_scene import MONDAY_MS, PREDICTIONS, WEEK_MS, push_six_months, watch  # noqa: E402
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()


def cli(server, *words):
    return json.loads(server.cli(*words, "--json").stdout)


def figure(window, name="roc_auc"):
    return next(one for one in window["figures"] if one["name"] == name)


def six_months(server, folder):
    file = watch(server, folder)
    health = cli(server, "monitors", "health", "flights")
    windows = health["windows"]
    expect(len(windows) == 26 and sum(w["predictions"] for w in windows) == PREDICTIONS, f"{len(windows)} windows")
    expect(health["task"] == "binary" and "concept drift" in health["estimate"]["caveat"], health["estimate"])
    expect(health["estimate"]["reference"]["windows"] == 6, health["estimate"])
    # The last week has no outcomes, the one before few: nothing is realised there, and something is estimated.
    last = figure(windows[-1])
    expect(last["realised"] is None and 0.6 < last["estimated"] < 0.9 and last["lower"] < last["estimated"] < last["upper"], last)
    expect(windows[-1]["outcomes"] == 0 and not windows[-1]["complete"], windows[-1])
    expect(0.2 < windows[-2]["coverage"] < 0.4 and not windows[-2]["judged_for_performance"], windows[-2]["coverage"])
    for window in windows[:-2]:
        both = figure(window)
        expect(abs(both["realised"] - both["estimated"]) < 0.12, f"{window['start_ms']}: {both}")
    expect(all(0.9 < w["latency_p50_ms"] < 1.1 for w in windows), [w["latency_p50_ms"] for w in windows])
    drifted = [f["name"] for f in windows[-1]["features"] if f["drifted"]]
    expect("origin" not in drifted, drifted)
    return file, health


def windows_and_slices(server, folder):
    _, health = six_months(server, folder)
    sliced = cli(server, "monitors", "health", "flights", "--where", "input_origin = 'ORD'")
    rows = server.post("/api/v1/endpoints/flights/predictions/query",
                       {"sql": "SELECT count(*) FROM predictions WHERE input_origin = 'ORD'"}).json()["rows"][0][0]
    expect(sum(w["predictions"] for w in sliced["windows"]) == rows, rows)
    expect(all(f["status"] == "not_enough_data" for w in sliced["windows"] for f in w["features"]), "a slice of 40 rows a week is too small")
    expect(all(figure(w)["realised"] is None for w in sliced["windows"]), "and has too few outcomes")
    half = cli(server, "monitors", "health", "flights", "--where", "input_distance > 500", "--from", "2001-03-05", "--to", "2001-04-02")
    expect([w["start_ms"] for w in half["windows"]] == [MONDAY_MS + week * WEEK_MS for week in range(9, 13)], half["windows"])
    expect(figure(half["windows"][0])["realised"] is not None, half["windows"][0])
    refused = server.cli("monitors", "health", "flights", "--where", "input_nothing = 1", check=False)
    expect(refused.returncode != 0 and "input_nothing" in refused.stderr, refused.stderr)
    text = server.cli("monitors", "health", "flights").stdout
    expect("2001-06-18" in text and "not over yet" in text and "concept drift" in text, text)
    # What became of it is on the axis of the data, not on that of the wall clock.
    first, last = health["windows"][0]["start_ms"], health["windows"][-1]["end_ms"]
    expect(health["timeline"] and all(first <= entry["event_time_ms"] <= last for entry in health["timeline"]), health["timeline"])


def previews(server, folder):
    file = watch(server, folder)
    said = [(a["kind"], a["feature"], a["window_start_ms"]) for a in server.get("/api/v1/alerts", monitor="flights").json()["alerts"]]
    before = server.get("/api/v1/events?after=0&limit=1000").json()
    preview = cli(server, "monitors", "preview", str(file))
    expect(sorted((a["kind"], a["feature"], a["window_start_ms"]) for a in preview["alerts"]) == sorted(said) and said,
           f"{preview['alerts']} and {said}")
    spec = json.loads(file.read_text())
    file.write_text(json.dumps({**spec, "psi_threshold": 5, "auc_drop_max": 0.5}))
    lenient = cli(server, "monitors", "preview", str(file))
    expect(lenient["alerts"] == [] and {w["verdict"] for w in lenient["windows"]} == {"reference", "quiet", "incomplete"}, lenient["alerts"])
    file.write_text(json.dumps({**spec, "rows_min": 100_000}))
    verdicts = {w["verdict"] for w in cli(server, "monitors", "preview", str(file))["windows"]}
    expect(verdicts == {"not_enough_data"}, f"too few rows: {verdicts}")
    file.write_text(json.dumps({**spec, "consecutive_windows": 20}))
    expect([a for a in cli(server, "monitors", "preview", str(file))["alerts"] if a["kind"] == "drift"] == [], "nothing lasts so long")
    file.write_text(json.dumps({**spec, "window_ms": 86_400_000, "rows_min": 50}))
    days = cli(server, "monitors", "preview", str(file))
    expect(len(days["windows"]) == 60 and days["partial"], "the newest 60 of 181 days")
    file.write_text(json.dumps({**spec, "psi_threshold": -1}))
    refused = server.cli("monitors", "preview", str(file), check=False)
    expect(refused.returncode != 0 and "psi_threshold" in refused.stderr, refused.stderr)
    expect(server.get("/api/v1/events?after=0&limit=1000").json() == before, "a preview leaves no trace")


def reports(server, folder):
    watch(server, folder)
    html = pathlib.Path(folder) / "report.html"
    made = cli(server, "monitors", "report", "--monitor", "flights", "--from", "2001-01-01", "--to", "2001-07-02", "--output", str(html))
    text = html.read_text()
    expect(made["bytes"] == len(text.encode()) < 2_000_000, made)
    expect(not re.search(r"https?:|<script|<link|src=|url\(", text), "the page asks nobody for anything")
    for word in ("Traffic", "Performance", "concept drift", "Drift", "Worst slices", "Fairness gaps", "Alerts, decisions and deployments",
                 "origin_prev_hour_mean_delay", "has drifted"):
        expect(word in text, f"the report lacks {word}")
    newest = cli(server, "monitors", "evidently", "flights")
    expect(set(newest) == {"metrics", "tests"}, newest.keys())
    drifts = [m for m in newest["metrics"] if m["config"]["type"] == "evidently:metric_v2:ValueDrift"]
    expect(len(drifts) == 5 and newest["metrics"][0]["config"]["type"] == "evidently:metric_v2:DriftedColumnsCount", newest["metrics"])
    legacy = cli(server, "monitors", "evidently", "flights", "--window", "2001-05-07", "--shape", "legacy")
    result = legacy["metrics"][1]["result"]
    window = server.get("/api/v1/monitors/flights/health").json()["windows"][18]
    scores = {f["name"]: f["score"] for f in window["features"]}
    expect({name: column["drift_score"] for name, column in result["drift_by_columns"].items()} == scores, result)
    missing = server.cli("monitors", "evidently", "flights", "--window", "2007-05-07", check=False)
    expect(missing.returncode != 0 and "Window" in missing.stderr, missing.stderr)


def on(postgres):
    def run(test):
        def body():
            with tempfile.TemporaryDirectory() as folder:
                backend = postgres.new_database() if postgres else ""
                with Server(BINARY, pathlib.Path(folder) / "data", backend=backend) as server:
                    push_six_months(server)
                    test(server, folder)
        return body
    return run


sqlite = on(None)
with Postgres() as cluster:
    run_tests([("windows and slices of six months", sqlite(windows_and_slices)),
               ("the same on PostgreSQL", on(cluster)(windows_and_slices)),
               ("a preview says what a monitor says, and leaves no trace", sqlite(previews)),
               ("a report for people and one in Evidently's shape", sqlite(reports))])
