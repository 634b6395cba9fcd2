#!/usr/bin/env python3
"""Python models: scanned when they are registered, answered for by a worker that may die.

usage: python_models.py BINARY
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import python_models  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import upload  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7.7, 3.8, 6.7, 2.2]]
TABLE = {"dataframe_split": {"columns": COLUMNS, "data": ROWS}}
# What the pickle itself says, asked by scikit-learn alone.
ASK = """
import json, pickle, sys, pandas
model = pickle.load(open(sys.argv[1] + "/model.pkl", "rb"))
rows = pandas.DataFrame(json.loads(sys.argv[2])["data"], columns=json.loads(sys.argv[2])["columns"])
print(json.dumps([model.predict(rows).tolist(), model.predict_proba(rows).tolist()]))
"""
MAKE = """
import sys, pathlib, numpy, joblib, pickle, os
from sklearn.linear_model import Ridge
folder = pathlib.Path(sys.argv[1])
X = numpy.arange(40.0).reshape(20, 2)
for name, dump in (("ridge", pickle.dump), ("packed", lambda m, f: joblib.dump(m, f, compress=3))):
    (folder / name).mkdir()
    dump(Ridge().fit(X, X.sum(axis=1)), open(folder / name / "model.pkl", "wb"))
    (folder / name / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}")
class Dies:
    def predict(self, data):
        os.kill(os.getpid(), 9) if data[0][0] < 0 else None
        return data[:, 0] * 2
class Names:
    kept = None
    def predict(self, data):
        kept, self.kept = self.kept, data
        assert not data.flags.writeable
        return numpy.array([f"row {int(row)} é" for row in data[:, 0]])
class Forks:
    def predict(self, data):
        if data[0][0] < 0:  # a child that lives on, and one that comes back with its parent
            if os.fork() == 0:
                sys.stderr.write(f"the child is {os.getpid()}\\n")
                sys.stderr.flush()
                os.read(os.pipe()[0], 1)
            os.fork()
        if data[0][0] == 100:
            sys.exit(3)
        return data[:, 0] * 2
import cloudpickle
for name, model in (("dies", Dies()), ("names", Names()), ("forks", Forks())):
    (folder / name).mkdir()
    cloudpickle.dump(model, open(folder / name / "model.pkl", "wb"))
    (folder / name / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}\\n"
        "signature: {inputs: '[{\\"type\\": \\"tensor\\", \\"tensor-spec\\": {\\"dtype\\": \\"float64\\", \\"shape\\": [-1, 2]}}]'}")
"""


def answers_as_scikit_learn_does():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python_models.train(scratch / "iris")
        python_models.run(MAKE, scratch)
        labels, probabilities = json.loads(
            python_models.run(ASK, scratch / "iris", json.dumps(TABLE["dataframe_split"])))
        with ModelServer(BINARY, *(f"{name}={scratch / name}" for name in ("iris", "ridge", "packed"))) as served:
            status, answer = served.ask("iris", TABLE)
            expect(status == 200 and answer["predictions"] == labels, f"{status} {answer}")
            status, rows = served.ask("iris", {"instances": [dict(zip(COLUMNS, row)) for row in ROWS]},
                                      path="/v1/models/{}:predict")
            seen = [row["probabilities"] for row in rows["predictions"]]
            expect(max(abs(a - b) for one, other in zip(seen, probabilities)
                       for a, b in zip(one, other)) < 1e-12, f"{seen} {probabilities}")
            records = [dict(zip(COLUMNS, row)) for row in ROWS]
            expect(served.ask("iris", {"dataframe_records": records})[1] == answer, "records differ")
            status, refused = served.ask("iris", {"dataframe_split": {"columns": COLUMNS[:3], "data": [[1, 2, 3]]}})
            expect(status == 400 and refused["message"] == "Missing columns: petal_width", f"{status} {refused}")
            status, refused = served.ask("iris", {"dataframe_split": {"columns": COLUMNS, "data": [[1, 2, 3, None]]}})
            # A number that is null is NaN: only the model knows whether it imputes.
            expect(status == 400 and "contains NaN" in refused["message"], f"{status} {refused}")
            for model in ("ridge", "packed"):
                status, answer = served.ask(model, {"inputs": [[1.0, 2.0]]})
                expect(status == 200 and abs(answer["predictions"][0] - 3) < 0.1, f"{status} {answer}")


LOADER = """
import json, os
class Model:
    def __init__(self, path):
        self.times = json.load(open(os.path.join(path, "times.json")))
    def predict(self, table, params=None):
        return table.x * self.times + (params or {}).get("plus", 0)
def _load_pyfunc(path):
    return Model(path)
"""
LOADED = """
flavors: {python_function: {loader_module: %s, data: data, code: code}}
signature:
  inputs: '[{"name": "x", "type": "double", "required": true}]'
  outputs: '[{"type": "double"}]'
  params: '[{"name": "plus", "type": "double", "default": 0.0, "shape": null}]'
"""


def loads_by_a_module():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        for name, module in (("own", "times_loader"), ("elsewhere", "mlflow.statsmodels")):
            (scratch / name / "code").mkdir(parents=True)
            (scratch / name / "data").mkdir()
            (scratch / name / "code/times_loader.py").write_text(LOADER)
            (scratch / name / "data/times.json").write_text("3")
            (scratch / name / "MLmodel").write_text(LOADED % module)
        with ModelServer(BINARY, f"own={scratch / 'own'}") as served:
            rows = {"dataframe_records": [{"x": 2.0}, {"x": 5.0}]}
            expect(served.ask("own", rows) == (200, {"predictions": [6.0, 15.0]}), served.ask("own", rows))
            answer = served.ask("own", {**rows, "params": {"plus": 0.5}})
            expect(answer == (200, {"predictions": [6.5, 15.5]}), f"{answer}")
        said = refusal("elsewhere", scratch / "elsewhere")
        expect("mlflow.statsmodels needs the package mlflow in the Python that MILLWRIGHT_PYTHON names" in said, said)


def refusal(name, folder):
    """What a start says that fails for its model."""
    done = subprocess.run([BINARY, "serve", f"{name}={folder}", "--port", "0"], capture_output=True, text=True,
                          timeout=300, check=False, env={**os.environ, **python_models.ENVIRONMENT})
    expect(done.returncode == 1, f"{done.returncode} {done.stderr}")
    return done.stderr


def outlives_its_worker():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python_models.run(MAKE, scratch)
        with ModelServer(BINARY, f"dies={scratch / 'dies'}") as served:
            good = {"inputs": [[2.0, 0.0]]}
            expect(served.ask("dies", good)[1]["predictions"] == [4.0], "no answer")
            status, answer = served.ask("dies", {"inputs": [[-1.0, 0.0]]})
            expect(status == 500 and "signal 9" in answer["message"], f"{status} {answer}")
            status, answer = served.ask("dies", good)
            expect(status == 200 and answer["predictions"] == [4.0], f"{status} {answer}")


def outlives_what_its_worker_forks():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python_models.run(MAKE, scratch)
        with ModelServer(BINARY, f"forks={scratch / 'forks'}") as served:
            for number in range(1, 20):
                for asked in (-number, number):  # the answer to each is its own
                    status, answer = served.ask("forks", {"inputs": [[float(asked), 0.0]]})
                    expect(status == 200 and answer["predictions"] == [2.0 * asked], f"{asked}: {status} {answer}")
            status, answer = served.ask("forks", {"inputs": [[100.0, 0.0]]})
            expect(status == 500 and "exit status 3" in answer["message"], f"{status} {answer}")
            status, answer = served.ask("forks", {"inputs": [[4.0, 0.0]]})
            expect(status == 200 and answer["predictions"] == [8.0], f"{status} {answer}")
            with served.said:
                served.said.wait_for(lambda: sum("the child is" in line for line in served.log) == 19, 60)
                children = re.findall(r"the child is (\d+)", "".join(served.log))
            expect(len(children) == 19, f"{len(children)} children")
            # Killed before the worker was reaped; whoever is their parent now takes them from the table.
            deadline = time.monotonic() + 60
            while left := [child for child in children if runs(child)]:
                expect(time.monotonic() < deadline, f"children of a worker that has ended: {left}")


def runs(process):
    try:
        stat = pathlib.Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat[stat.rindex(")") + 2] != "Z"


def moves_tensors_of_any_size():
    """Small ones go over the worker's socket, large ones through memory: 16 bytes a row and 20 a name."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python_models.run(MAKE, scratch)
        with ModelServer(BINARY, f"dies={scratch / 'dies'}", f"names={scratch / 'names'}") as served:
            for rows in (1, 4095, 4096, 4097, 200_000, 2, 50_000):
                inputs = {"inputs": [[float(row), 0.5] for row in range(rows)]}
                answers = served.ask("dies", inputs)[1]["predictions"]
                expect(answers == [2.0 * row for row in range(rows)], f"{rows} numbers: {answers[:5]}")
                answers = served.ask("names", inputs)[1]["predictions"]
                expect(answers == [f"row {row} é" for row in range(rows)], f"{rows} texts: {answers[:5]}")
            # What a worker that dies leaves in that memory is nobody's answer.
            large = {"inputs": [[-1.0, 0.0]] * 10_000}
            expect(served.ask("dies", large)[0] == 500, "it died")
            answers = served.ask("dies", {"inputs": [[3.0, 0.0]] * 10_000})[1]["predictions"]
            expect(answers == [6.0] * 10_000, f"{answers[:5]}")


def log_folder(server, folder):
    """Uploads a folder to a new run; returns its source."""
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    for file in sorted(folder.iterdir()):
        upload(server, run["artifact_uri"], f"model/{file.name}", file.read_bytes())
    return run["artifact_uri"] + "/model"


def create(server, model, source):
    server.post("/api/2.0/mlflow/registered-models/create", {"name": model})
    return server.post("/api/2.0/mlflow/model-versions/create", {"name": model, "source": source})


def hostile(folder):
    folder.mkdir()
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    (folder / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}")
    return folder


def scans_what_is_registered():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python_models.train(scratch / "iris")
        hostile(scratch / "hostile")
        with Server(BINARY, scratch / "data", "--scan-policy", "quarantine") as server:
            answer = create(server, "iris", log_folder(server, scratch / "iris"))
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            seen = server.get("/api/v1/models/iris/versions/1").json()
            scan = next(check for check in seen["checks"] if check["name"] == "scan")
            expect(scan["passed"], f"{scan}")
            expect([column["name"] for column in seen["signature"]["inputs"]] == COLUMNS, f"{seen}")
            answer = create(server, "bad", log_folder(server, scratch / "hostile"))
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            scan = server.get("/api/v1/models/bad/versions/1").json()["checks"][0]
            expect(not scan["passed"] and "os.system" in scan["summary"], f"{scan}")
            for route, body in (("registered-models/alias", {"alias": "champion"}),
                                ("model-versions/transition-stage", {"stage": "Production"})):
                answer = server.post(f"/api/2.0/mlflow/{route}", {"name": "bad", "version": "1", **body})
                expect(answer.status == 400 and "quarantine" in answer.json()["message"], f"{answer.body}")
            answer = server.post("/api/v1/endpoints", {"name": "bad", "model": "bad", "version": "1"})
            expect(answer.status >= 400 and b"quarantine" in answer.body, f"{answer.status} {answer.body}")
            # Nobody else can say that the scan passed.
            answer = server.post("/api/v1/models/bad/versions/1/checks",
                                 {"name": "scan", "passed": True, "summary": "fine", "details": {}})
            expect(answer.status == 400, f"{answer.status} {answer.body}")


def warns_unless_it_is_told_otherwise():
    """MLflow's clients register pickled code every day, and move its aliases."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        hostile(scratch / "hostile")
        with Server(BINARY, scratch / "data") as server:
            answer = create(server, "bad", log_folder(server, scratch / "hostile"))
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            answer = server.post("/api/2.0/mlflow/registered-models/alias", {"name": "bad", "version": "1", "alias": "champion"})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            scan = server.get("/api/v1/models/bad/versions/1").json()["checks"][0]
            expect(not scan["passed"] and "os.system" in scan["summary"], f"{scan}")


def blocks_where_it_is_told_to():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        hostile(scratch / "hostile")
        with Server(BINARY, scratch / "data", "--scan-policy", "block") as server:
            answer = create(server, "bad", log_folder(server, scratch / "hostile"))
            expect(answer.status == 400 and "os.system" in answer.json()["message"], f"{answer.body}")
            found = server.get("/api/2.0/mlflow/model-versions/search").json()
            expect(not found.get("model_versions"), f"{found}")


run_tests([("answers as scikit-learn does", answers_as_scikit_learn_does),
           ("loads by a module", loads_by_a_module),
           ("outlives its worker", outlives_its_worker),
           ("outlives what its worker forks", outlives_what_its_worker_forks),
           ("moves tensors of any size", moves_tensors_of_any_size),
           ("scans what is registered", scans_what_is_registered),
           ("warns unless it is told otherwise", warns_unless_it_is_told_otherwise),
           ("blocks where it is told to", blocks_where_it_is_told_to)])
