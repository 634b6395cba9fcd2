#!/usr/bin/env python3
"""Pictures and texts as inputs of a model: what is looked at of them, by `millwright drift` and by a monitor over live
predictions; and a suite that a monitor holds each window against.

usage: data_kinds.py BINARY
"""
import base64
import csv
import datetime
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
DAY_MS = 86_400_000
START = int(datetime.datetime(2024, 3, 4, tzinfo=datetime.timezone.utc).timestamp() * 1000)
DRIFTED = 3


def pictures():
    """As nested lists of numbers; our files have neither filters nor colours."""
    with gzip.open(DATA / "images/fashion_600.jsonl.gz", "rt") as lines:
        for line in lines:
            png = base64.b64decode(json.loads(line)["png"])
            start = png.index(b"IDAT")
            pixels = zlib.decompress(png[start + 4:start + 4 + int.from_bytes(png[start - 4:start], "big")])
            yield [list(pixels[y * 29 + 1:y * 29 + 29]) for y in range(28)]


def dark(picture):
    return [[light * 0.4 for light in row] for row in picture]


def texts(name):
    with gzip.open(DATA / f"texts/{name}.csv.gz", "rt") as file:
        return [row["text"] for row in csv.DictReader(file)]


def write_lines(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def millwright(*words, status=0):
    done = subprocess.run([BINARY, *words, "--json"], capture_output=True, text=True)
    expect(done.returncode == status, f"{words} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def drifted(answer):
    return {feature["name"] for feature in answer["features"] if feature["drifted"]}


def files_of_pictures_and_texts_are_compared():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = [{"image": picture, "text": text} for picture, text in zip(pictures(), texts("mails"))]
        even = write_lines(folder / "even.jsonl", rows[0::2])
        odd = write_lines(folder / "odd.jsonl", rows[1::2])
        other = write_lines(folder / "other.jsonl", [{"image": dark(row["image"]), "text": text}
                                                     for row, text in zip(rows[1::2], texts("reviews"))])
        saved = str(folder / "reference.json")
        answer = millwright("drift", "reference", even, "-o", saved)
        expect(answer["rows"] == 300 and answer["bytes"] < 400_000, answer)
        same = millwright("drift", "compare", saved, odd, "--fail")
        names = [feature["name"] for feature in same["features"]]
        expect({"image:brightness", "image:sharpness", "image:entropy", "text:length", "text:oov", "text:vocabulary"} <= set(names), names)
        expect(drifted(same) == set(), drifted(same))
        page = folder / "report.html"
        changed = millwright("drift", "compare", saved, other, "--fail", "--html", str(page), status=DRIFTED)
        expect({"image:brightness", "image:contrast", "text:oov"} <= drifted(changed), drifted(changed))
        expect("image:entropy" not in drifted(changed), "the shape of the light is as it was")
        html = page.read_text()
        expect("image:brightness" in html and "text:oov" in html, "not in the page")


def log_rows(folder):
    """Four days of pictures with a text and an amount; the last one is dark, about food and too large."""
    normal, mails, reviews = list(pictures()), texts("mails"), texts("reviews")
    rows = []
    for day in range(5):
        for i in range(120):
            number = day * 120 + i
            changed = day >= 3
            rows.append({"id": f"p{number}", "time_ms": START + day * DAY_MS + i * 60_000,
                         "inputs": {"image": dark(normal[number]) if changed else normal[number],
                                    "note": reviews[number] if changed else mails[number],
                                    "amount": 900 + i if changed else i},
                         "outputs": {"probability": (i % 10) / 10}})
    return write_lines(folder / "rows.jsonl", rows)


def put_suite(server, most):
    expectations = [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "min_value": 0, "max_value": most}},
                    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "note"}}]
    answer = server.post("/api/v1/suites", {"name": "orders", "suite": {"name": "orders", "expectations": expectations}})
    expect(answer.status == 200, answer.body)


def a_monitor_looks_at_pictures_texts_and_a_suite():
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as files, Server(BINARY, data) as server:
        files = pathlib.Path(files)
        server.cli("predictions", "push", "shop", log_rows(files))
        put_suite(server, 500)
        monitor = files / "monitor.yaml"
        spec = {"name": "shop", "endpoint": "shop", "window": "day", "rows_min": 100, "suite": "orders",
                "reference_window": {"from": "2024-03-04", "to": "2024-03-06"}}
        monitor.write_text(json.dumps({**spec, "suite": "nobody"}))
        refused = server.cli("monitors", "create", str(monitor), check=False)
        expect(refused.returncode == 1 and "nobody" in refused.stderr, refused.stderr)
        monitor.write_text(json.dumps(spec))
        made = json.loads(server.cli("monitors", "create", str(monitor), "--json").stdout)
        expect(made["spec"]["suite"] == "orders@1", made["spec"])
        expect({"image:brightness", "image:sharpness", "note:oov", "amount"} <= set(made["profile_features"]), made["profile_features"])
        server.cli("monitors", "evaluate", "shop")
        windows = server.get("/api/v1/monitors/shop/drift").json()["windows"]
        expect([window["verdict"] for window in windows] == ["reference", "reference", "quiet", "drifted", "incomplete"],
               [(window["verdict"], drifted(window)) for window in windows])
        expect({"image:brightness", "note:oov", "amount"} <= drifted(windows[3]), drifted(windows[3]))
        shown = server.get("/api/v1/monitors/shop/distribution", feature="image:brightness").json()
        expect(len(shown["edges"]) == len(shown["current"]) + 1 and shown["reference"] != shown["current"], shown)

        quality = server.get("/api/v1/monitors/shop/quality").json()["windows"]
        expect([window["validation"]["broken"] for window in quality[:4]] == [0, 0, 0, 1], quality)
        checks = quality[3]["validation"]["checks"]
        expect(checks[0]["unexpected_share"] == 1 and checks[1]["success"], checks)
        alerts = [alert for alert in server.get("/api/v1/alerts", state="open").json()["alerts"]
                  if alert["kind"] == "expectation"]
        expect(len(alerts) == 1 and "amount" in alerts[0]["feature"], alerts)
        told = server.cli("monitors", "quality", "shop").stdout
        expect("1 of 2" in told and "broken in 100 %" in told, told)
        server.wait_for_series('millwright_monitor_expectations_broken{monitor="shop",endpoint="shop"} 1')
        page = files / "health.html"
        server.cli("monitors", "report", "--monitor", "shop", "--output", str(page))
        expect("image:brightness" in page.read_text() and "note:oov" in page.read_text(), "not in the page")
        expect("<td>amount must be between 0 and 500</td><td>2 of 5</td>" in page.read_text(), "no expectations in the page")
        health = server.get("/api/v1/monitors/shop/health").json()["windows"]
        expect([window["validation"]["broken"] for window in health] == [0, 0, 0, 1, 1], [window["validation"] for window in health])

        # A new version of the suite judges from when the monitor is put anew.
        put_suite(server, 5000)
        server.cli("monitors", "evaluate", "shop")
        quality = server.get("/api/v1/monitors/shop/quality").json()["windows"]
        expect(quality[3]["validation"]["version"] == 1, quality[3]["validation"])
        server.cli("monitors", "create", str(monitor))
        server.cli("monitors", "evaluate", "shop")
        quality = server.get("/api/v1/monitors/shop/quality").json()["windows"]
        expect(quality[3]["validation"]["version"] == 2 and quality[3]["validation"]["broken"] == 0, quality[3]["validation"])


def tensors_are_logged_as_they_lie():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        picture = next(pictures())
        server.request("POST", "/api/v1/prediction-logs/logged/events",
                       json.dumps({"inputs": [{"name": "image", "shape": [1, 1, 28, 28], "datatype": "FP32",
                                               "data": sum(picture, [])}]}).encode(),
                       {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "e1",
                        "ce-type": "org.kubeflow.serving.inference.request", "ce-source": "http://predictor"})
        server.request("POST", "/api/v1/prediction-logs/logged/events",
                       json.dumps({"outputs": [{"name": "y", "shape": [1, 1], "datatype": "FP32", "data": [0.5]}]}).encode(),
                       {"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "e1",
                        "ce-type": "org.kubeflow.serving.inference.response", "ce-source": "http://predictor"})
        rows = json.loads(server.cli("predictions", "query", "logged", "SELECT input_image FROM predictions", "--json").stdout)["rows"]
        expect([[list(map(int, row)) for row in json.loads(rows[0][0])[0]]] == [picture], rows)


def infer(server, model, name, shape, values):
    answer = server.post(f"/v2/models/{model}/infer", {"inputs": [{"name": name, "shape": shape, "datatype": "FP32", "data": values}]})
    expect(answer.status == 200, answer.body)


def served_images_are_logged():
    """Small ones as nested lists, large ones as what they are like."""
    with tempfile.TemporaryDirectory() as log:
        models = {name: DATA / "models" / name / "model.onnx" for name in ("fashion_cnn", "image_mean_224")}
        with ModelServer(BINARY, *(f"{name}={file}" for name, file in models.items()), "--log", log) as server:
            picture = next(pictures())
            infer(server, "fashion_cnn", "image", [1, 1, 28, 28], sum(picture, []))
            large = json.loads(server.request("GET", "/v2/models/image_mean_224").body)["inputs"][0]["name"]
            infer(server, "image_mean_224", large, [1, 3, 224, 224], [0.5] * 50176 + [0.25] * 50176 + [0.25] * 50176)
        decoded = subprocess.run([BINARY, "predictions", "decode", log], capture_output=True, text=True, check=True).stdout
        rows = {row["endpoint"]: row["inputs"] for row in map(json.loads, decoded.splitlines())}
        expect([[list(map(int, row)) for row in json.loads(rows["fashion_cnn"]["image"])[0]]] == [picture], rows["fashion_cnn"])
        properties = rows["image_mean_224"]
        expect(abs(properties[f"{large}:red"] - 0.5) < 1e-9 and properties[f"{large}:area"] == 224 * 224 and large not in properties,
               properties)


run_tests([("files of pictures and texts are compared", files_of_pictures_and_texts_are_compared),
           ("a monitor looks at pictures, at texts and at a suite", a_monitor_looks_at_pictures_texts_and_a_suite),
           ("tensors are logged as they lie", tensors_are_logged_as_they_lie),
           ("served images are logged", served_images_are_logged)])
