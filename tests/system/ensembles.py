#!/usr/bin/env python3
"""Ensembles: models and SQL as one model, served in every protocol, scored and streamed.

usage: ensembles.py BINARY
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, first_case  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
APPLICANTS = pathlib.Path(__file__).resolve().parents[2] / "examples/score/applicants.csv"
TEXTS = ("Home", "Marital", "Records", "Job")
NUMBERS = ("Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price")

# What a bank knows becomes what the model takes, and its scores become a decision.
CREDIT = """
inputs:
""" + "".join(f"- {{name: {name}, type: BYTES}}\n" for name in TEXTS) + \
    "".join(f"- {{name: {name}, type: FP64}}\n" for name in NUMBERS if name not in ("Debt", "Age")) + """
- {name: born, type: INT64}
- {name: debts, type: FP64, width: 2}
steps:
- name: decision
  from: [score, input]
  sql: |
    SELECT row, probabilities_1 AS risk, probabilities_1 > 0.4 OR Amount > 10000 AS refuse
    FROM input JOIN score USING (row) ORDER BY risk DESC
- name: score
  model: credit.onnx
  from: features
- name: features
  sql: SELECT * EXCLUDE (born, debts_0, debts_1, row), 2026 - born AS Age, debts_0 + debts_1 AS Debt FROM input
outputs:
  risk: decision.risk
  refuse: decision.refuse
  label: score.label
"""

# Two models of one input, averaged.
MEAN = """
inputs:
- {name: X, type: FP32, width: 30}
steps:
- {name: one, model: a.onnx, inputs: {X: input.X}}
- {name: two, model: b, from: input}
- name: mean
  from: [one, two]
  sql: >
    SELECT (one.probabilities_0 + two.probabilities_0) / 2 AS benign, (one.probabilities_1 + two.probabilities_1) / 2 AS malignant
    FROM one JOIN two USING (row) ORDER BY row
outputs: {benign: mean.benign, malignant: mean.malignant}
"""


def credit_folder(folder, text=CREDIT):
    folder = pathlib.Path(folder) / "credit"
    folder.mkdir(exist_ok=True)
    shutil.copy(MODELS / "credit_columns/model.onnx", folder / "credit.onnx")
    (folder / "ensemble.yaml").write_text(text)
    return folder


def mean_folder(folder, text=MEAN):
    folder = pathlib.Path(folder) / "mean"
    (folder / "b").mkdir(parents=True, exist_ok=True)
    for target in ("a.onnx", "b/model.onnx"):
        shutil.copy(MODELS / "breast_cancer_lr/model.onnx", folder / target)
    (folder / "ensemble.yaml").write_text(text)
    return folder


def applicants():
    import csv  # noqa: PLC0415
    rows = []
    with APPLICANTS.open() as file:
        for row in csv.DictReader(file):
            rows.append({key: value if key in TEXTS else None if value == "" else float(value)
                         for key, value in row.items() if key != "id"})
    return rows


def for_the_ensemble(row):
    """The same row as the bank knows it."""
    known = {key: value for key, value in row.items() if key not in ("Debt", "Age")}
    return {**known, "born": int(2026 - row["Age"])}, [row["Debt"] / 4, row["Debt"] * 3 / 4]


def as_tensors(rows):
    inputs = []
    known = [for_the_ensemble(row) for row in rows]
    for name in known[0][0]:
        kind = "BYTES" if name in TEXTS else "INT64" if name == "born" else "FP64"
        inputs.append({"name": name, "datatype": kind, "shape": [len(rows)], "data": [one[0][name] for one in known]})
    inputs.append({"name": "debts", "datatype": "FP64", "shape": [len(rows), 2],
                   "data": [value for one in known for value in one[1]]})
    return inputs


def credit_in_every_protocol():
    rows = applicants()
    with tempfile.TemporaryDirectory() as folder:
        path = credit_folder(folder)
        with ModelServer(BINARY, f"credit={path}", f"plain={MODELS / 'credit_columns/model.onnx'}") as server:
            status, plain = server.ask("plain", {"dataframe_records": rows})
            expect(status == 200, f"{plain}")
            risks = [one[1] for one in plain["predictions"]["probabilities"]]
            about = server.get("/v2/models/credit").json()
            expect(about["platform"] == "ensemble", f"{about}")
            expect([(one["name"], one["datatype"], one["shape"]) for one in about["outputs"]] ==
                   [("risk", "FP32", [-1]), ("refuse", "BOOL", [-1]), ("label", "INT64", [-1])], f"{about['outputs']}")
            outputs = server.infer("credit", as_tensors(rows))
            expect(all(abs(a - b) < 1e-6 for a, b in zip(outputs["risk"]["data"], risks)), f"{outputs} {risks}")
            expect(outputs["refuse"]["data"] == [risk > 0.4 for risk in risks], f"{outputs['refuse']}")
            expect(outputs["label"]["data"] == plain["predictions"]["label"], f"{outputs['label']}")
            columns = {one["name"]: one["data"] for one in as_tensors(rows)}
            columns["debts"] = [one for _, one in map(for_the_ensemble, rows)]
            status, answer = server.ask("credit", {"inputs": columns}, "/v1/models/{}:predict")
            expect(status == 200 and all(abs(a - b) < 1e-6 for a, b in zip(answer["outputs"]["risk"], risks)), f"{answer}")
            status, answer = server.ask("credit", {"inputs": columns})
            expect(status == 200 and len(answer["predictions"]["risk"]) == len(rows), f"{answer}")


def mean_of_two():
    request, expected = first_case()
    wanted = next(one["data"] for one in expected if one["name"] == "probabilities")
    with tempfile.TemporaryDirectory() as folder:
        path = mean_folder(folder)
        with ModelServer(BINARY, f"m={path}") as server:
            outputs = server.infer("m", request["inputs"])
            expect(all(abs(a - b) < 1e-6 for a, b in zip(outputs["benign"]["data"], wanted[::2])), f"{outputs}")
            expect(all(abs(a - b) < 1e-6 for a, b in zip(outputs["malignant"]["data"], wanted[1::2])), f"{outputs}")
            # What the ensemble cannot take is said by its own inputs.
            status, answer = server.ask("m", {"inputs": [{"name": "Y", "datatype": "FP32", "shape": [1], "data": [1]}]},
                                        "/v2/models/{}/infer")
            expect(status == 400 and "Y" in answer["error"], f"{status} {answer}")


def refused(path):
    try:
        with ModelServer(BINARY, f"m={path}"):
            raise Failure(f"{path}: started")
    except Failure as failure:
        expect("no model server: " in str(failure), str(failure))
        return str(failure)


def mistakes_are_named():
    with tempfile.TemporaryDirectory() as folder:
        for old, new, said in (
                ("from: features", "from: decision", "needs itself"),
                ("from: features", "from: nobody", "step score: there is no step nobody"),
                ("debts_0 + debts_1 AS Debt", "debts_0 AS Dept", "Step score: Unknown column: Dept; the model takes "),
                ("2026 - born AS Age", "'old' AS Age", "Step score: Column Age"),
                ("debts_0 + debts_1", "debts_0 + debts_9", "Step features: "),
                ("SELECT * EXCLUDE", "DROP TABLE input; SELECT * EXCLUDE", "Step features: "),
                ("FROM input\noutputs", "FROM input WHERE born > 9\noutputs", "answers 0 rows for 1"),
                ("FROM input\noutputs", "FROM read_csv('/etc/passwd')\noutputs", "Step features: "),
                ("risk: decision.risk", "risk: decision.risky", "decision has no output risky"),
                ("risk: decision.risk", "risk: decision", "write STEP.OUTPUT"),
                ("model: credit.onnx", "model: ../credit/credit.onnx", "Invalid path: ../credit/credit.onnx"),
                ("model: credit.onnx", "model: gone.onnx", "Step score: "),
                ("model: credit.onnx", "modell: credit.onnx", "step score: "),
                ("type: INT64", "type: INT65", "input born: no type: INT65"),
                ("- name: score", "- name: features", "two steps are called features"),
                ("inputs:\n", "inputs: 7\nx:\n", "ensemble.yaml")):
            expect(old in CREDIT, old)
            try:
                text = refused(credit_folder(folder, CREDIT.replace(old, new, 1)))
            except Failure as failure:
                raise Failure(f"{new}: {failure}") from failure
            expect(said in text, f"{new}: {text}")
        text = refused(mean_folder(folder, MEAN.replace("{X: input.X}", "{X: input.Z}")))
        expect("Step one: input has no output Z" in text, text)
        text = refused(mean_folder(folder, MEAN.replace("type: FP32", "type: FP64")))
        expect("Step one: " in text and "FP64" in text, text)


def sql_sees_nothing_else():
    for sql in ("SELECT * FROM read_text('/etc/hostname')", "SELECT content FROM read_blob('/etc/passwd')",
                "SELECT getenv('HOME') AS x", "SELECT * FROM 'ensemble.yaml'", "COPY input TO '/tmp/x'",
                "INSTALL httpfs", "ATTACH '/tmp/x.db'", "SET memory_limit='90GB'",
                "SELECT * FROM range(100000000000) a, range(100000000000) b"):
        with tempfile.TemporaryDirectory() as folder:
            text = MEAN.split("- name: mean")[0] + f"- name: mean\n  sql: \"{sql}\"\noutputs: {{x: one.label}}\n"
            said = refused(mean_folder(folder, text))
            expect("Step mean: " in said, f"{sql}: {said}")


def an_error_at_run_names_the_step():
    with tempfile.TemporaryDirectory() as folder:
        text = MEAN.replace("FROM one JOIN two USING (row)", "FROM one JOIN two USING (row) WHERE one.row < 2")
        with ModelServer(BINARY, f"m={mean_folder(folder, text)}") as server:
            zeros = [{"name": "X", "datatype": "FP32", "shape": [3, 30], "data": [0] * 90}]
            status, answer = server.ask("m", {"inputs": zeros}, "/v2/models/{}/infer")
            expect(status == 400 and answer["error"] == "Step mean: The SELECT answers 2 rows for 3", f"{status} {answer}")
            # The step still answers others.
            zeros[0].update(shape=[2, 30], data=[0] * 60)
            expect(server.ask("m", {"inputs": zeros}, "/v2/models/{}/infer")[0] == 200, "the next request")


def scored_from_a_file():
    with tempfile.TemporaryDirectory() as folder:
        path = credit_folder(folder, CREDIT.replace("- {name: debts, type: FP64, width: 2}", "- {name: debts, type: FP64}")
                             .replace("debts_0, debts_1", "debts").replace("debts_0 + debts_1", "debts"))
        rows = applicants()
        table = pathlib.Path(folder) / "rows.jsonl"
        table.write_text("".join(json.dumps({**for_the_ensemble(row)[0], "debts": row["Debt"]}) + "\n" for row in rows))
        output = pathlib.Path(folder) / "scored.jsonl"
        done = subprocess.run([str(BINARY), "score", "--model", str(path), "--input", str(table), "--output", str(output),
                               "--keep", "none"], capture_output=True, text=True)
        expect(done.returncode == 0, done.stderr)
        scored = [json.loads(line) for line in output.read_text().splitlines()]
        with ModelServer(BINARY, f"plain={MODELS / 'credit_columns/model.onnx'}") as server:
            _, plain = server.ask("plain", {"dataframe_records": rows})
        expect([one["label"] for one in scored] == plain["predictions"]["label"], f"{scored}")


run_tests([("SQL features, a model and a decision, in every protocol", credit_in_every_protocol),
           ("two models averaged by SQL", mean_of_two),
           ("mistakes are found when it is loaded, and named", mistakes_are_named),
           ("SQL sees the rows and nothing else", sql_sees_nothing_else),
           ("an error at a request names the step", an_error_at_run_names_the_step),
           ("an ensemble scores a file", scored_from_a_file)])
