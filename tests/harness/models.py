"""Registers ready-made models with a server, for tests of serving."""
import json
import pathlib

from harness.millwright import ROOT, expect

MODELS = ROOT / "tests/data/models"


def upload(server, artifact_uri, name, data):
    path = artifact_uri.removeprefix("mlflow-artifacts:/").lstrip("/")
    answer = server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}/{name}", data,
                            {"Content-Type": "application/octet-stream"})
    expect(answer.status == 200, f"upload of {name}: {answer.status} {answer.body[:300]}")


def create_version(server, model, file):
    """Logs an ONNX file to a new run and asks for a version of it; returns the answer."""
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    upload(server, run["artifact_uri"], "model/model.onnx", pathlib.Path(file).read_bytes())
    server.post("/api/2.0/mlflow/registered-models/create", {"name": model})
    return server.post("/api/2.0/mlflow/model-versions/create",
                       {"name": model, "run_id": run["run_id"],
                        "source": run["artifact_uri"] + "/model"})


def register(server, model, example="breast_cancer_lr"):
    """Registers a version of an example model; returns its number as text."""
    answer = create_version(server, model, MODELS / example / "model.onnx")
    expect(answer.status == 200, f"model-versions/create: {answer.status} {answer.body[:300]}")
    return answer.json()["model_version"]["version"]


def first_case(example="breast_cancer_lr"):
    """An Open Inference request for the example, and the answer's outputs by name."""
    case = json.loads((MODELS / example / "vectors.json").read_text())["cases"][0]
    outputs = case["expected_onnxruntime"]
    outputs = outputs.get("outputs", outputs) if isinstance(outputs, dict) else outputs
    return case["request"], outputs
