#!/usr/bin/env python3
"""Python models behind endpoints of a server: every protocol, and workers that die, hang or eat.

usage: python_endpoints.py BINARY
"""
import concurrent.futures
import json
import os
import pathlib
import select
import signal
import struct
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import models, python_models  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.2, 2.9, 4.3, 1.3], [7.7, 3.8, 6.7, 2.2]]
TIME_LIMIT_MS = 4000
# The workers of a replica inherit these from the server.
ENVIRONMENT = {**python_models.ENVIRONMENT, "MILLWRIGHT_SERVE_PYTHON_WORKERS": "2",
               "MILLWRIGHT_SERVE_PYTHON_TIMEOUT_MS": str(TIME_LIMIT_MS),
               "MILLWRIGHT_SERVE_PYTHON_MEMORY_MIB": "1500"}
# A PythonModel as a notebook makes it, laid out as MLflow's client 2.17 does.
MOODY = """
import os, sys, types, pathlib
folder = pathlib.Path(sys.argv[1])
for name in ("mlflow", "mlflow.pyfunc", "mlflow.pyfunc.model"):
    sys.modules[name] = types.ModuleType(name)
class PythonModel:
    pass
PythonModel.__module__ = "mlflow.pyfunc.model"
sys.modules["mlflow.pyfunc.model"].PythonModel = PythonModel
class Moody(PythonModel):
    def __init__(self, meeting):
        self.meeting = meeting
    def load_context(self, context):
        self.kept = []
    def predict(self, context, model_input, params=None):
        import numpy, os, threading
        mood = str(model_input["mood"].iloc[0])
        while mood == "hang":
            threading.Event().wait()
        while mood == "eat":
            self.kept.append(numpy.empty(64 << 20, "u1"))
        if mood == "die":
            os.kill(os.getpid(), 9)
        if mood == "fail":
            raise ValueError("the model does not like it")
        if mood == "meet":
            # Answers only when two workers are in here at the same time: either end of a pipe waits for the other.
            try:
                os.close(os.open(self.meeting + ".first", os.O_CREAT | os.O_EXCL))
                open(self.meeting, "rb").close()
            except FileExistsError:
                open(self.meeting, "wb").close()
        return model_input["x"] * params["scale"]
import cloudpickle
folder.mkdir()
os.mkfifo(folder / "meeting")
cloudpickle.dump(Moody(str(folder / "meeting")), open(folder / "python_model.pkl", "wb"))
for name, text in {
    "MLmodel": '''\\
flavors:
  python_function:
    cloudpickle_version: 2.2.0
    code: null
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.pyfunc.model
    python_model: python_model.pkl
    python_version: 3.11.2
    streamable: false
mlflow_version: 2.17.2
model_size_bytes: 880
model_uuid: f4428f46d4f1409c944d3ca82b527ebb
signature:
  inputs: '[{"type": "double", "name": "x", "required": true}, {"type": "string",
    "name": "mood", "required": true}]'
  outputs: '[{"type": "double", "required": true}]'
  params: '[{"name": "scale", "type": "double", "default": 2.0, "shape": null}]'
utc_time_created: '2026-11-29 09:56:41.779398'
''',
    "conda.yaml": "channels:\\n- conda-forge\\ndependencies:\\n- python=3.11.2\\n- pip:\\n  - mlflow==2.17.2\\nname: mlflow-env\\n",
    "python_env.yaml": "python: 3.11.2\\ndependencies:\\n- -r requirements.txt\\n",
    "requirements.txt": "mlflow==2.17.2\\n"}.items():
    (folder / name).write_text(text)
"""
ASK = """
import json, pickle, sys, pandas
model = pickle.load(open(sys.argv[1] + "/model.pkl", "rb"))
rows = pandas.DataFrame(json.loads(sys.argv[2]), columns=json.loads(sys.argv[3]))
print(json.dumps([model.predict(rows).tolist(), model.predict_proba(rows).tolist()]))
"""


def deploy(server, name, folder):
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    for file in sorted(folder.iterdir()):
        if file.is_file():
            models.upload(server, run["artifact_uri"], f"model/{file.name}", file.read_bytes())
    server.post("/api/2.0/mlflow/registered-models/create", {"name": name})
    server.mlflow("model-versions/create", {"name": name, "source": run["artifact_uri"] + "/model",
                                            "run_id": run["run_id"]})
    server.cli("endpoints", "deploy", name, "--model", f"{name}@1")


def ask(server, name, body):
    return server.post(f"/endpoints/{name}/invocations", body)


def mood(server, word, x=1.0):
    return ask(server, "moody", {"dataframe_records": [{"x": x, "mood": word}]})


def expect_good(server):
    answer = mood(server, "good", 4.0)
    expect(answer.status == 200 and answer.json() == {"predictions": [8.0]}, f"{answer.status} {answer.body}")


def wait_until_gone(pid):
    """Waits until all threads of a process have ended; who made it may not have asked for its status yet."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([process], [], [], 30)[0]:
            raise TimeoutError(f"process {pid} goes on")
    finally:
        os.close(process)


def workers_of(server, name):
    """Process ids of the Python workers of an endpoint's one replica."""
    [revision] = server.get(f"/api/v1/endpoints/{name}").json()["revisions"]
    pid = revision["replicas"][0]["pid"]
    children = []
    for task in os.listdir(f"/proc/{pid}/task"):
        children += pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    return [int(child) for child in children]


class Room:
    """A server with a scikit-learn model, a PythonModel and an ONNX model as neighbours."""

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.scratch.name)
        self.folder = path / "iris"
        python_models.train(self.folder)
        python_models.run(MOODY, path / "moody")
        self.server = Server(BINARY, path / "data", environment=ENVIRONMENT).start()
        deploy(self.server, "iris", self.folder)
        deploy(self.server, "moody", path / "moody")
        models.register(self.server, "cancer")
        self.server.cli("endpoints", "deploy", "cancer", "--model", "cancer@1")
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.scratch.cleanup()

    def expect_neighbours(self):
        request, _ = models.first_case()
        answer = self.server.post("/v2/models/cancer/infer", request)
        expect(answer.status == 200, f"cancer: {answer.status} {answer.body}")
        answer = ask(self.server, "iris", {"dataframe_split": {"columns": COLUMNS, "data": ROWS}})
        expect(answer.status == 200, f"iris: {answer.status} {answer.body}")


def answers_by_every_protocol(room):
    server = room.server
    labels, probabilities = json.loads(python_models.run(ASK, room.folder, json.dumps(ROWS), json.dumps(COLUMNS)))
    records = [dict(zip(COLUMNS, row)) for row in ROWS]
    for what, answer in (
            ("split", ask(server, "iris", {"dataframe_split": {"columns": COLUMNS, "data": ROWS}})),
            ("records", ask(server, "iris", {"dataframe_records": records})),
            ("instances", ask(server, "iris", {"instances": records})),
            ("inputs", ask(server, "iris", {"inputs": {name: [row[i] for row in ROWS] for i, name in enumerate(COLUMNS)}}))):
        expect(answer.status == 200, f"{what}: {answer.status} {answer.body}")
        # What predict gives and nothing else, as `mlflow models serve` has it.
        expect(answer.json() == {"predictions": labels}, f"{what}: {answer.body}")
    described = server.get("/v2/models/iris").json()
    expect(described["platform"] == "python" and [one["name"] for one in described["inputs"]] == COLUMNS, f"{described}")
    tensors = [{"name": name, "shape": [len(ROWS), 1], "datatype": "FP64", "data": [row[i] for row in ROWS]}
               for i, name in enumerate(COLUMNS)]
    answer = server.post("/v2/models/iris/infer", {"id": "7", "inputs": tensors})
    outputs = {one["name"]: one for one in answer.json()["outputs"]}
    expect(answer.status == 200 and outputs["label"]["data"] == labels, f"{answer.body}")
    expect(outputs["probabilities"]["shape"] == [3, 3], f"{answer.body}")
    expect(max(abs(a - b) for a, b in zip(outputs["probabilities"]["data"], sum(probabilities, []))) < 1e-12,
           f"{answer.body}")
    answer = server.post("/v1/models/iris:predict", {"instances": records})
    expect([row["label"] for row in answer.json()["predictions"]] == labels, f"{answer.body}")
    # The same with the numbers as bytes behind the JSON.
    raw = b"".join(struct.pack("<3d", *(row[i] for row in ROWS)) for i in range(len(COLUMNS)))
    head = json.dumps({"inputs": [{**{key: one[key] for key in ("name", "shape", "datatype")},
                                   "parameters": {"binary_data_size": 24}} for one in tensors]}).encode()
    answer = server.request("POST", "/v2/models/iris/infer", head + raw,
                            {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))})
    expect(answer.status == 200 and {one["name"]: one for one in answer.json()["outputs"]} == outputs, f"{answer.body}")
    answer = server.get("/v2/models/iris/ready")
    expect(answer.status == 200, f"{answer.body}")


def answers_for_a_python_model(room):
    server = room.server
    expect_good(server)
    answer = mood(server, "fail")
    expect(answer.status == 400 and "ValueError: the model does not like it" in answer.json()["message"], f"{answer.body}")
    answer = ask(server, "moody", {"dataframe_records": [{"x": "two", "mood": "good"}]})
    expect(answer.status == 400 and "x" in answer.json()["message"], f"{answer.body}")
    scan = server.get("/api/v1/models/moody/versions/1").json()["checks"][0]
    expect(scan["name"] == "scan" and not scan["passed"], f"{scan}")


def workers_are_started_again(room):
    server = room.server
    before = workers_of(server, "moody")
    expect(len(before) == 2, f"{before}")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid)
    # No request is lost: who finds a worker gone starts another.
    expect_good(server)
    room.expect_neighbours()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        dying = pool.submit(mood, server, "die")
        expect_good(server)
        room.expect_neighbours()
        expect(dying.result().status == 500 and "signal 9" in dying.result().json()["message"], f"{dying.result().body}")
    expect_good(server)
    [revision] = server.get("/api/v1/endpoints/moody").json()["revisions"]
    replica = revision["replicas"][0]["pid"]
    workers = workers_of(server, "moody")
    os.kill(replica, signal.SIGKILL)
    expect_good(server)
    for pid in workers:
        wait_until_gone(pid)


def a_model_that_never_returns_is_cut_off(room):
    server = room.server
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        # More than the server has threads that wait for replicas.
        hung = [pool.submit(mood, server, "hang") for _ in range(20)]
        room.expect_neighbours()
        neighbours_s = time.monotonic() - begin
        answers = [future.result() for future in hung]
    statuses = sorted({answer.status for answer in answers})
    expect(set(statuses) <= {503, 504} and 504 in statuses, f"{statuses}")
    late = next(answer for answer in answers if answer.status == 504)
    expect(f"did not answer within {TIME_LIMIT_MS} ms (--python-timeout-ms) and was killed" in late.json()["message"], f"{late.body}")
    # What waits is refused after a second, so nobody waited for all twenty.
    expect(neighbours_s < 2 * TIME_LIMIT_MS / 1000, f"neighbours waited {neighbours_s} s")
    expect_good(server)


def a_model_that_eats_memory_is_stopped(room):
    server = room.server
    before = set(workers_of(server, "moody"))
    answer = mood(server, "eat")
    expect(answer.status == 500 and "more memory than its 1500 MiB" in answer.json()["message"], f"{answer.status} {answer.body}")
    room.expect_neighbours()
    expect_good(server)
    expect(set(workers_of(server, "moody")) != before, "the full worker was kept")


def params_reach_the_model(room):
    rows = {"dataframe_records": [{"x": 4.0, "mood": "good"}]}
    for params, expected in ({"scale": 3}, [12.0]), ({}, [8.0]), (None, [8.0]), ({"nobody": 1}, [8.0]):
        answer = ask(room.server, "moody", {**rows, "params": params})
        expect(answer.status == 200 and answer.json() == {"predictions": expected}, f"{params}: {answer.status} {answer.body}")
    answer = ask(room.server, "moody", {**rows, "params": {"scale": "much"}})
    expect(answer.status == 400 and answer.json() == {
        "error_code": "BAD_REQUEST", "message": "Param scale: expected double, got string"}, f"{answer.status} {answer.body}")


def two_requests_run_at_the_same_time(room):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [future.result() for future in [pool.submit(mood, room.server, "meet") for _ in range(2)]]
    expect([answer.status for answer in answers] == [200, 200], f"{[answer.body for answer in answers]}")


TESTS = [("answers by every protocol", answers_by_every_protocol),
         ("answers for a PythonModel", answers_for_a_python_model),
         ("params reach the model", params_reach_the_model),
         ("two requests run at the same time", two_requests_run_at_the_same_time),
         ("workers are started again", workers_are_started_again),
         ("a model that never returns is cut off", a_model_that_never_returns_is_cut_off),
         ("a model that eats memory is stopped", a_model_that_eats_memory_is_stopped)]

with Room() as shared:
    run_tests([(name, lambda test=test: test(shared)) for name, test in TESTS])
