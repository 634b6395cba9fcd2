#!/usr/bin/env python3
"""What a model server does with many requests at a time: rows of several run together, deadlines, its log.

usage: serving_load.py BINARY
"""
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CALLERS = 16
MLMODEL = """
flavors:
  onnx:
    data: model.onnx
metadata:
  batch_padding:
    input_ids: 0
    attention_mask: 0
"""


def infer(server, model, inputs, headers=None):
    return server.post(f"/v2/models/{model}/infer", {"inputs": inputs}, headers)


def scores(answer):
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    return next(one["data"] for one in answer.json()["outputs"] if one["name"] == "probabilities")


def tokens(length, rows=1):
    ids = [2 + (7 * i) % 50 for i in range(rows * length)]
    return [{"name": "input_ids", "shape": [rows, length], "datatype": "INT64", "data": ids},
            {"name": "attention_mask", "shape": [rows, length], "datatype": "INT64", "data": [1] * (rows * length)}]


def expect_close(given, wanted):
    expect(len(given) == len(wanted) and all(abs(a - b) < 1e-4 for a, b in zip(given, wanted)), f"{given} {wanted}")


def at_once(work, items):
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(work, items))


def runs_of_several(server, model):
    stats = server.get(f"/v2/models/{model}/stats").json()["model_stats"][0]
    return sum(one["compute_infer"]["count"] for one in stats["batch_stats"] if one["batch_size"] > 1)


def unequal_lengths_are_one_run_where_the_model_allows_it():
    lengths = [3 + i % 20 for i in range(200)]
    with tempfile.TemporaryDirectory() as scratch:
        padded = pathlib.Path(scratch) / "padded"
        padded.mkdir()
        shutil.copy(MODELS / "spam_transformer/model.onnx", padded)
        (padded / "MLmodel").write_text(MLMODEL)
        with ModelServer(BINARY, f"padded={padded}", f"strict={MODELS / 'spam_transformer/model.onnx'}", "--batching", "on",
                         "--threads", "1") as server:
            alone = {length: scores(infer(server, "strict", tokens(length))) for length in sorted(set(lengths))}
            for model in ("padded", "strict"):
                answers = at_once(lambda length, model=model: scores(infer(server, model, tokens(length))), lengths)
                for length, answer in zip(lengths, answers):
                    expect_close(answer, alone[length])
            expect(runs_of_several(server, "padded") > 0, "nothing was run together")


def a_padding_that_the_model_cannot_take_is_refused():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "model"
        folder.mkdir()
        shutil.copy(MODELS / "spam_transformer/model.onnx", folder)
        (folder / "MLmodel").write_text(MLMODEL.replace("attention_mask", "token_types"))
        done = subprocess.run([BINARY, "serve", f"m={folder}", "--port", "0"], capture_output=True, text=True)
        expect(done.returncode != 0 and "Model m: batch_padding: the model has no input of numbers named token_types"
               in done.stderr, done.stderr)


def what_cannot_make_its_time_is_refused_at_once():
    with ModelServer(BINARY, f"spam={MODELS / 'spam_transformer/model.onnx'}") as server:
        long = tokens(64, rows=64)
        for _ in range(3):
            scores(infer(server, "spam", long))  # what it costs is known now
        answer = infer(server, "spam", long, {"X-Request-Timeout-Ms": "1"})
        expect(answer.status == 503 and answer.headers["Retry-After"] == "1", f"{answer.status} {answer.body}")
        expect(answer.json() == {"error": "The request cannot be answered within its time"}, f"{answer.body}")
        scores(infer(server, "spam", long, {"X-Request-Timeout-Ms": "60000"}))
        for bad in ("0", "-1", "soon", "1.5", "86400001", ""):
            answer = infer(server, "spam", tokens(4), {"X-Request-Timeout-Ms": bad})
            expect(answer.status == 400 and "X-Request-Timeout-Ms must be 1 to 86400000" in answer.json()["error"],
                   f"{bad}: {answer.status} {answer.body}")


def a_failure_of_one_is_not_the_others():
    with ModelServer(BINARY, f"gather={MODELS / 'gather_out_of_range/model.onnx'}", "--batching", "on") as server:
        spec = server.get("/v2/models/gather").json()["inputs"][0]

        def ask(index):
            return infer(server, "gather", [{"name": spec["name"], "shape": [1], "datatype": spec["datatype"],
                                             "data": [index]}]).status
        indices = [99 if i % 5 == 4 else i % 5 for i in range(200)]
        for index, status in zip(indices, at_once(ask, indices)):
            expect((status == 200) == (index != 99), f"{index}: {status}")


def decoded(log):
    done = subprocess.run([BINARY, "predictions", "decode", str(log)], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_for_rows(log, count):
    """The log says by its size when it has more; there is no event for it."""
    end = time.monotonic() + 60
    while len(decoded(log)) < count:
        expect(time.monotonic() < end, "nothing was logged")


def what_was_asked_is_in_the_log_after_kill():
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch) / "log"
        case = json.loads((MODELS / "credit_columns/vectors.json").read_text())["cases"][0]
        inputs = case["request"]["inputs"]
        hidden = inputs[0]["name"]
        with ModelServer(BINARY, f"credit@7={MODELS / 'credit_columns/model.onnx'}", "--log", log, "--log-redact",
                         hidden) as server:
            answer = infer(server, "credit", inputs, {"X-Request-Id": "mine"})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            expect(infer(server, "credit", inputs[1:]).status == 400, "an input is missing")
            rows = 60_000  # beyond the MiB that is kept of one
            large = [{**one, "shape": [rows, *one["shape"][1:]], "data": one["data"][:1] * rows} for one in inputs]
            expect(infer(server, "credit", large).status == 200, "a large request")
            wait_for_rows(log, 2)
            end = time.monotonic() + 60
            while server.metric("millwright_request_log_dropped_total") != 1:
                expect(time.monotonic() < end, server.get("/metrics").body.decode()[-900:])
            server.process.kill()
            server.process.wait()
        rows = decoded(log)
        good = [row for row in rows if row["id"].split("/")[0] == "mine"]
        expect(len(good) == inputs[0]["shape"][0], f"{rows}")
        expect(good[0]["endpoint"] == "credit" and good[0]["model_version"] == "7", f"{good[0]}")
        expect(set(good[0]["inputs"]) == {one["name"] for one in inputs[1:]}, f"{good[0]}")
        for one in inputs[1:]:
            given = good[0]["inputs"][one["name"]]
            expect(given == one["data"][0] or abs(given - one["data"][0]) < 1e-3, f"{one['name']}: {given}")
        expect(good[0]["caller"].startswith("127.0.0.1:") and good[0]["latency_us"] > 0, f"{good[0]}")
        expect(any("missing" in row.get("error", "") for row in rows), f"{rows}")


run_tests([("unequal lengths are one run where the model allows it", unequal_lengths_are_one_run_where_the_model_allows_it),
           ("a padding that the model cannot take is refused", a_padding_that_the_model_cannot_take_is_refused),
           ("what cannot make its time is refused at once", what_cannot_make_its_time_is_refused_at_once),
           ("a failure of one is not the others'", a_failure_of_one_is_not_the_others),
           ("what was asked is in the log after a kill", what_was_asked_is_in_the_log_after_kill)])
