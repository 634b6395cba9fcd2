#!/usr/bin/env python3
"""A regression from training to its health over months: trained by the program on real flights, served, asked month by month with outcomes that
come late, watched by its errors, costs, slices and detectors, and reported.

usage: regression.py BINARY
"""
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.regression_scene import LOG, MONDAY_MS, OUTPUT, WEEK_MS, ask, cli, serve, tell, train, watch  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()


def near(a, b, share=1e-6):
    return abs(a - b) <= share * max(abs(a), abs(b), 1e-9)


def figure(window, name):
    return next(one for one in window["figures"] if one["name"] == name)


def by_sql(server, select, where="true"):
    """Asked of the log alone, beside the monitor."""
    error = f"(output_{OUTPUT} - outcome)"
    sql = f"SELECT {select.format(e=error)} FROM predictions WHERE outcome IS NOT NULL AND {where.format(e=error)}"
    return server.post(f"/api/v1/endpoints/{LOG}/predictions/query", {"sql": sql}).json()["rows"][0]


def within(window):
    return f"event_time_ms >= {window['start_ms']} AND event_time_ms < {window['end_ms']}"


def training(server, folder):
    best = train(server, folder)
    expect(0 < best["test_mae"] < best["test_rmse"] < 100 and "test_auc" not in best, best)
    all_of_them = [trial["metrics"]["validation_rmse"] for trial in best["trials"]]
    expect(near(best["validation_rmse"], min(all_of_them)), f"the least error is the best: {all_of_them}")
    serve(server, folder)


def months(server, folder):
    """March is the reference, with its outcomes; April is asked, and its truth comes when May was asked."""
    asked = {month: ask(server, folder, month) for month in ("march",)}
    expect(asked["march"]["failed"] == 0 and asked["march"]["sent"] > 2000, asked)
    tell(server, folder, "march")
    watch(server, folder)
    spec = server.get("/api/v1/monitors/delays").json()["spec"]
    mae, rmse = by_sql(server, "avg(abs({e})), sqrt(avg({e} * {e}))")
    expect(near(spec["reference_mae"], mae) and near(spec["reference_rmse"], rmse), f"{spec} and {mae}, {rmse}")
    ask(server, folder, "april")
    server.cli("monitors", "evaluate", "delays")
    health = cli(server, "monitors", "health", "delays")
    expect(health["task"] == "regression" and health["estimate"]["method"] == "dle", health["task"])
    april = [w for w in health["windows"] if w["start_ms"] >= MONDAY_MS + 4 * WEEK_MS]
    expect(len(april) == 5 and all(w["outcomes"] == 0 for w in april), [w["outcomes"] for w in april])
    # Nobody knows April yet, and its error is estimated.
    estimated = {w["start_ms"]: figure(w, "mae")["estimated"] for w in april}
    expect(all(value is not None and figure(w, "mae")["realised"] is None for w, value in zip(april, estimated.values())), april[0])
    ask(server, folder, "may")
    tell(server, folder, "april")
    ask(server, folder, "june")
    tell(server, folder, "may")
    server.cli("monitors", "evaluate", "delays")
    health = cli(server, "monitors", "health", "delays")
    known = [w for w in health["windows"] if w["start_ms"] in estimated]
    off = [abs(figure(w, "mae")["realised"] - estimated[w["start_ms"]]) / figure(w, "mae")["realised"] for w in known]
    expect(max(off) < 0.35, f"what was estimated of April and what was: {off}")
    return health


def figures_of_windows(server, health):
    for window in health["windows"]:
        if window["outcomes"] < 200:
            continue
        mae, rmse, bias, said, was, cost = by_sql(
            server, "avg(abs({e})), sqrt(avg({e} * {e})), avg({e}), avg(output_" + OUTPUT + "), avg(outcome), "
            "sum(greatest({e}, 0)) + 3 * sum(greatest(-{e}, 0))", within(window))
        expect(near(figure(window, "mae")["realised"], mae) and near(figure(window, "rmse")["realised"], rmse), f"{window}: {mae}, {rmse}")
        expect(near(window["bias"], bias, 1e-4) and near(window["mean_actual"], was) and near(window["cost"], cost), f"{window}: {bias}, {was}, {cost}")
        expect(window["coverage"] < 1 or near(window["mean_predicted"], said), f"{window['mean_predicted']} and {said}")
        expect(window["positive_rate_predicted"] is None and window["positive_rate_actual"] is None, "minutes are no classes")
    last = health["windows"][-1]
    expect(last["outcomes"] == 0 and figure(last, "mae")["estimated"] is not None and last["cost"] is None, last)


def alerts_of_errors(server, health):
    alerts = server.get("/api/v1/alerts", monitor="delays").json()["alerts"]
    performance = {a["feature"]: a for a in alerts if a["kind"] == "performance"}
    limits = health["limits"]
    for name in ("mae", "rmse"):
        over = [w for w in health["windows"] if w["judged_for_performance"] and w["start_ms"] >= MONDAY_MS
                and figure(w, name)["realised"] > limits[name]]
        expect(bool(over) == (name in performance), f"{name}: {len(over)} windows above {limits[name]}, alerts of {performance.keys()}")
        if over:
            expect(f"{name.upper()} " in performance[name]["message"] and " is above " in performance[name]["message"], performance[name])
    expect(performance, f"a week of the spring was worse than March: {limits}")
    for entry in health["timeline"]:
        expect(MONDAY_MS <= entry["event_time_ms"] <= health["windows"][-1]["end_ms"], entry)


def commands(server, folder):
    shown = server.cli("monitors", "show", "delays").stdout
    expect(re.search(r"MAE +RMSE +BIAS +COST +DRIFT", shown) and "AUC" not in shown, shown)
    text = server.cli("monitors", "health", "delays").stdout
    expect("mae" in text and "concept drift" in text, text)
    quality = server.cli("monitors", "quality", "delays").stdout
    expect("OUTLIERS" in quality, quality)
    summary = server.get("/api/v1/monitors/delays").json()["summary"]
    said, was = by_sql(server, f"avg(output_{OUTPUT}), avg(outcome)")
    expect(summary["task"] == "regression" and near(summary["mean_actual"], was) and summary["positive_rate_actual"] is None, f"{summary}: {said}, {was}")
    sliced = cli(server, "monitors", "health", "delays", "--where", "input_distance > 1000")
    mae, = by_sql(server, "avg(abs({e}))", f"input_distance > 1000 AND {within(sliced['windows'][0])}")
    first = figure(sliced["windows"][0], "mae")["realised"]
    expect(sliced["task"] == "regression" and (first is None or near(first, mae)), f"{first} and {mae}")


def slices_and_mistakes(server, folder):
    words = ("predictions", "performance", LOG, "--output", OUTPUT, "--by", "distance", "--cost-under", "3")
    found = cli(server, *words)
    rows, mae, bias = by_sql(server, "count(*), avg(abs({e})), avg({e})")
    expect(found["task"] == "regression" and found["all"]["rows"] == rows and near(found["all"]["mae"], mae), found["all"])
    expect(near(found["all"]["bias"], bias, 1e-4), f"{found['all']} and {bias}")
    expect(len(found["slices"]) == 5 and sum(s["figures"]["rows"] for s in found["slices"]) == rows, found["slices"])
    gap, = found["disparities"]
    maes = [s["figures"]["mae"] for s in found["slices"]]
    expect(near(gap["mae"], max(maes) - min(maes)), gap)
    text = server.cli(*words).stdout
    expect("MAE APART" in text and "bias" in text, text)
    by_monitor = server.get(f"/api/v1/prediction-logs/{LOG}/performance", monitor="delays").json()
    expect(near(by_monitor["all"]["cost"], found["all"]["cost"]), "the monitor's own costs")
    for kind, condition in (("too_low", "{e} < -60"), ("too_high", "{e} > 20"), ("both", "abs({e}) > 60")):
        beyond = condition.rsplit(" ", 1)[1].lstrip("-")
        made = cli(server, "predictions", "mistakes", LOG, f"late-{kind.replace('_', '-')}", "--output", OUTPUT, "--kind", kind, "--beyond", beyond)
        count, = by_sql(server, "count(*)", condition)
        expect(made["version"]["row_count"] == count > 0, f"{kind}: {made['version']['row_count']} and {count}")
    refused = server.cli("predictions", "mistakes", LOG, "none", "--output", OUTPUT, "--kind", "too_low", "--beyond", "100000", check=False)
    expect(refused.returncode != 0 and "no such mistake" in refused.stderr, refused.stderr)
    wrong = server.cli("predictions", "mistakes", LOG, "none", "--output", "minutes", check=False)
    expect(wrong.returncode != 0 and "minutes" in wrong.stderr, wrong.stderr)


def previews_and_reports(server, folder):
    file = pathlib.Path(folder) / "delays.yaml"
    said = sorted((a["kind"], a["feature"]) for a in server.get("/api/v1/alerts", monitor="delays").json()["alerts"])
    spec = json.loads(file.read_text())
    preview = cli(server, "monitors", "preview", str(file))
    expect(preview["limits"] == server.get("/api/v1/monitors/delays/health").json()["limits"], preview["limits"])
    expect({("performance", f) for k, f in said if k == "performance"} <= {(a["kind"], a["feature"]) for a in preview["alerts"]}, preview["alerts"])
    expect(any(w["mae"] is not None and w["cost"] is not None for w in preview["windows"]), preview["windows"][0])
    file.write_text(json.dumps({**spec, "mae_rise_max": 50, "rmse_rise_max": 50}))
    lenient = cli(server, "monitors", "preview", str(file))
    expect(not [a for a in lenient["alerts"] if a["kind"] == "performance"], lenient["alerts"])
    file.write_text(json.dumps({**spec, "auc_min": 0.7}))
    refused = server.cli("monitors", "preview", str(file), check=False)
    expect(refused.returncode != 0 and "auc_min" in refused.stderr, refused.stderr)
    file.write_text(json.dumps(spec))
    expect("MAE" in server.cli("monitors", "preview", str(file)).stdout, "the preview's table")
    html = pathlib.Path(folder) / "report.html"
    server.cli("monitors", "report", "--monitor", "delays", "--output", str(html))
    text = html.read_text()
    expect(not re.search(r"https?:|<script|<link|src=|url\(", text), "the page asks nobody for anything")
    for words in ("Mean of the answers, and of what happened", "Mean absolute error", "Cost of each known answer", "Data quality", "Bias",
                  "Changes of a mean that detectors found"):
        expect(words in text, f"the report lacks {words}")
    expect("Said positive" not in text and "True positive" not in text, "minutes are no classes")


def simulation(server, folder):
    """What a loop would have done with these months, and what minutes cost."""
    policy = pathlib.Path(folder) / "loop.yaml"
    policy.write_text(json.dumps({
        "model": LOG, "triggers": [{"alert": {"kind": "performance"}}], "retrain": {"pipeline": "again", "window": "28d"},
        "canary": {"steps": [50], "requests": 200}, "worse": {"errors": 0.1, "loss": {"outcomes": 100}}, "label": {"output": OUTPUT, "task": "regression"},
        "limits": {"cooldown": "14d"}, "costs": {"over": 1, "under": 3, "retraining": 100}}))
    words = ("loop", "simulate", str(policy), "--history", f"{server.uri}/{LOG}", "--monitor", f"{folder}/delays.yaml")
    made = cli(server, *words)
    rows, cost, reference, seconds = by_sql(
        server, "count(*), sum(greatest({e}, 0)) + 3 * sum(greatest(-{e}, 0)), "
        f"avg(CASE WHEN event_time_ms < {made['reference_end_ms']} THEN greatest({{e}}, 0) + 3 * greatest(-{{e}}, 0) END), "
        f"sum(CASE WHEN event_time_ms >= {made['reference_end_ms']} THEN greatest({{e}}, 0) + 3 * greatest(-{{e}}, 0) ELSE 0 END)")
    expect(made["outcomes"] == rows, f"{made['outcomes']} and {rows}")
    # Costs are counted by days; the reference ends within one.
    expect(near(made["reference_cost"], reference, 0.02), f"{made['reference_cost']} and {reference}")
    never = next(plan for plan in made["costs"] if plan["plan"] == "never")
    expect(near(never["errors"], seconds, 0.02) and never["errors"] < cost, f"{never} and {seconds} of {cost}")
    first = made["alerts"][0]
    expect(first["kind"] in ("performance", "change") and any(a["feature"] in ("mae", "rmse") for a in made["alerts"]), made["alerts"])
    expect(made["retrainings"] >= 1 and "% of the live version's" in json.dumps(made["decisions"]), made["decisions"][:3])
    text = server.cli(*words).stdout
    expect("never" in text and "SAVED" in text and "MAE" in text, text)


def series(server, folder):
    """Of the newest window that is over, once its truth is known."""
    tell(server, folder, "june")
    server.cli("monitors", "evaluate", "delays")
    metrics = server.wait_for_series(*(f'millwright_monitor_{name}{{monitor="delays"' for name in ("mae", "rmse", "bias", "mean_predicted", "cost")))
    expect('millwright_monitor_positive_rate_predicted{monitor="delays"' not in metrics, "minutes have no positive rate")


def life_of_a_regression():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data") as server:
        training(server, folder)
        health = months(server, folder)
        expect(len(health["windows"]) == 17, len(health["windows"]))
        figures_of_windows(server, health)
        alerts_of_errors(server, health)
        commands(server, folder)
        slices_and_mistakes(server, folder)
        previews_and_reports(server, folder)
        simulation(server, folder)
        series(server, folder)


run_tests([("a regression from training to its health over months", life_of_a_regression)])
