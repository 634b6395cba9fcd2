#!/usr/bin/env python3
"""Shows an mlruns folder that another program writes beside the server's own store.

usage: mount.py BINARY
"""
import hashlib
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
STORE = ROOT / "tests/data/mlflow-stores/3.11-files/mlruns"
LIVE = "0123456789abcdef0123456789abcdef"


class Writer:
    """Writes a run into the folder as MLflow's file store does."""

    def __init__(self, experiment):
        self.folder = experiment / LIVE
        (self.folder / "metrics").mkdir(parents=True)
        self.status(1)

    def status(self, number):
        text = (f"artifact_uri: {self.folder / 'artifacts'}\nend_time: {'null' if number == 1 else 9}\n"
                f"experiment_id: '0'\nlifecycle_stage: active\nrun_id: {LIVE}\nrun_name: live\n"
                f"start_time: 5\nstatus: {number}\nuser_id: ann\n")
        whole = self.folder / "meta.yaml.new"
        whole.write_text(text)
        whole.rename(self.folder / "meta.yaml")

    def log(self, key, steps):
        with open(self.folder / "metrics" / key, "a") as out:
            for step in steps:
                out.write(f"{1000 + step} {1 / (step + 1)} {step}\n")

    def store(self, path, data):
        file = self.folder / "artifacts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def digest_of(folder):
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        digest.update(str(file.relative_to(folder)).encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def mlflow_get(server, route, **query):
    answer = server.get("/api/2.0/mlflow/" + route, **query)
    expect(answer.status == 200, f"{route}: {answer.status} {answer.body[:300]}")
    return answer.json()


def experiment(server, name):
    return server.get("/api/2.0/mlflow/experiments/get-by-name", experiment_name=name)


def shown(server):
    names = [one["name"] for one in server.mlflow("experiments/search", {"max_results": 100})["experiments"]]
    return sorted(names)


def shows_what_is_there(server, root):
    server.wait_for(lambda: experiment(server, "flights delay").status == 200, "the folder is shown")
    server.wait_for(lambda: len(shown(server)) == 4, "all of it is shown")
    expect(shown(server) == ["Default", "Default (mlruns)", "flights delay", "old trials"], f"{shown(server)}")
    flights = experiment(server, "flights delay").json()["experiment"]
    runs = server.mlflow("runs/search", {"experiment_ids": [flights["experiment_id"]],
                                         "filter": "attributes.status = 'FINISHED'"})["runs"]
    expect(runs, "its runs are found")
    table = server.cli("runs", "list", "--experiment", "flights delay").stdout
    expect(all(run["info"]["run_id"][:8] in table for run in runs), table)
    return flights, runs[0]["info"]


def nobody_changes_it(server, root, flights, run):
    before = digest_of(root)
    run_id = run["run_id"]
    refused = [
        server.post("/api/2.0/mlflow/runs/log-metric", {"run_id": run_id, "key": "x", "value": 1, "timestamp": 1}),
        server.post("/api/2.0/mlflow/runs/set-tag", {"run_id": run_id, "key": "x", "value": "1"}),
        server.post("/api/2.0/mlflow/runs/delete", {"run_id": run_id}),
        server.post("/api/2.0/mlflow/runs/create", {"experiment_id": flights["experiment_id"]}),
        server.post("/api/2.0/mlflow/experiments/delete", {"experiment_id": flights["experiment_id"]}),
        server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{artifact_path(run)}/new.txt", b"no"),
        server.request("DELETE", f"/api/2.0/mlflow-artifacts/artifacts/{artifact_path(run)}"),
    ]
    for answer in refused:
        expect(answer.status == 403 and answer.json()["error_code"] == "PERMISSION_DENIED", f"{answer}")
    expect("is read-only" in refused[0].json()["message"] and str(root) in refused[0].json()["message"],
           f"{refused[0]}")
    expect(digest_of(root) == before, "not a byte of the folder has changed")


def artifact_path(run):
    scheme = "mlflow-artifacts:/"
    expect(run["artifact_uri"].startswith(scheme + "mounts/"), run["artifact_uri"])
    return run["artifact_uri"][len(scheme):]


def follows_a_run(server, root):
    writer = Writer(root / "0")
    server.wait_for(lambda: server.get("/api/2.0/mlflow/runs/get", run_id=LIVE).status == 200, "the run is shown")
    writer.log("loss", range(1000))
    writer.store("plots/roc.txt", b"0 1\n")
    writer.log("loss", range(1000, 1500))
    writer.status(3)
    server.wait_for(lambda: mlflow_get(server, "runs/get", run_id=LIVE)["run"]["info"]["status"] == "FINISHED",
                    "the run ends")
    history = mlflow_get(server, "metrics/get-history", run_id=LIVE, metric_key="loss", max_results=25000)["metrics"]
    expect([point["step"] for point in history] == list(range(1500)), f"{len(history)} points")
    run = mlflow_get(server, "runs/get", run_id=LIVE)["run"]
    expect(run["data"]["metrics"][0]["step"] == 1499, f"{run['data']['metrics']}")
    files = server.get("/api/2.0/mlflow/artifacts/list?run_id=" + LIVE + "&path=plots").json()["files"]
    expect([file["path"] for file in files] == ["plots/roc.txt"], f"{files}")
    text = server.get(f"/api/2.0/mlflow-artifacts/artifacts/{artifact_path(run['info'])}/plots/roc.txt")
    expect(text.body == b"0 1\n", f"{text}")


def shows_the_registry(server, root):
    # Models are taken after the runs, and the alias of a model after its versions.
    server.wait_for(lambda: server.get("/api/2.0/mlflow/registered-models/alias", name="delays",
                                       alias="champion").status == 200, "the model is shown to its last alias")
    model = mlflow_get(server, "registered-models/get", name="delays")["registered_model"]
    expect({"key": "millwright.mounted_from", "value": str(root)} in model["tags"], f"{model['tags']}")
    version = mlflow_get(server, "registered-models/alias", name="delays", alias="champion")["model_version"]
    expect(version["version"] == "2", f"{version}")
    uri = mlflow_get(server, "model-versions/get-download-uri", name="delays", version="1")["artifact_uri"]
    expect(uri.startswith("mlflow-artifacts:/mounts/"), uri)
    path = uri[len("mlflow-artifacts:/"):]
    files = server.get(f"/api/2.0/mlflow-artifacts/artifacts?path={path}").json()["files"]
    expect(files, "the files of a version are listed")
    scans_what_is_shown(server, root / path.split("/", 2)[2])
    refused = [
        server.post("/api/2.0/mlflow/registered-models/alias", {"name": "delays", "alias": "champion", "version": "1"}),
        server.post("/api/2.0/mlflow/model-versions/create", {"name": "delays", "source": "s3://bucket/model"}),
        server.post("/api/2.0/mlflow/model-versions/transition-stage",
                    {"name": "delays", "version": "1", "stage": "Archived", "archive_existing_versions": False}),
        server.request("DELETE", "/api/2.0/mlflow/registered-models/delete", {"name": "delays"}),
    ]
    for answer in refused:
        expect(answer.status == 403 and "is read-only" in answer.json()["message"], f"{answer}")
    (root / "models/delays/aliases/champion").write_text("1")
    server.wait_for(lambda: mlflow_get(server, "registered-models/alias", name="delays", alias="champion")
                    ["model_version"]["version"] == "1", "an alias that moves there moves here")


def scans_what_is_shown(server, folder):
    """A scan of a version in the folder answers and changes nothing; an endpoint looks at the files itself."""
    scan = server.post("/api/v1/models/delays/versions/1/scan", {}).json()
    expect(scan["passed"] and not scan["recorded"], f"{scan}")
    (folder / "hostile.pkl").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    scan = server.post("/api/v1/models/delays/versions/1/scan", {}).json()
    expect(not scan["passed"] and "os.system" in scan["summary"], f"{scan}")
    done = server.cli("models", "scan", "delays@1", check=False)
    expect(done.returncode == 99 and "failed (not recorded)" in done.stdout, f"{done.stdout} {done.stderr}")
    answer = server.post("/api/v1/endpoints", {"name": "late", "model": "delays", "version": "1"})
    expect(answer.status == 400 and "in quarantine" in answer.json()["message"], f"{answer.status} {answer.body}")
    expect(server.get("/api/v1/models/delays/versions/1").json()["checks"] == [], "nothing was recorded")
    (folder / "hostile.pkl").unlink()


def is_gone_without_the_option(binary, data, backend):
    with Server(binary, data, backend=backend) as server:
        server.wait_for(lambda: shown(server) == ["Default"], "nothing of the folder is shown")
        expect(server.get("/api/2.0/mlflow/runs/get", run_id=LIVE).status == 404, "nor its runs")
        server.wait_for(lambda: server.get("/api/2.0/mlflow/registered-models/get", name="delays").status == 404,
                        "nor its models")
        own = mlflow_get(server, "experiments/get", experiment_id="0")["experiment"]
        expect(own["name"] == "Default", f"{own}")


def on(database, postgres):
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch).resolve() / "mlruns"
        shutil.copytree(STORE, root)
        backend = postgres.new_database() if database == "postgres" else ""
        data = pathlib.Path(scratch) / "data"
        with Server(BINARY, data, "--mount", str(root), "--scan-policy", "quarantine", backend=backend) as server:
            flights, run = shows_what_is_there(server, root)
            nobody_changes_it(server, root, flights, run)
            shows_the_registry(server, root)
            follows_a_run(server, root)
        with Server(BINARY, data, "--mount", str(root), backend=backend) as server:
            expect(server.get("/api/2.0/mlflow/runs/get", run_id=LIVE).status == 200, "a start shows it at once")
        is_gone_without_the_option(BINARY, data, backend)


def refuses_a_folder_that_is_not_there():
    with tempfile.TemporaryDirectory() as scratch:
        server = Server(BINARY, pathlib.Path(scratch) / "data", "--mount", scratch + "/nowhere")
        try:
            server.start()
        except Exception as failure:
            expect("There is no folder" in str(failure), f"{failure}")
            return
        finally:
            server.stop()
        expect(False, "the server started")


def main():
    with Postgres() as postgres:
        run_tests([
            ("a folder is shown, followed and left alone on sqlite", lambda: on("sqlite", postgres)),
            ("a folder is shown, followed and left alone on postgres", lambda: on("postgres", postgres)),
            ("a folder that is not there is named", refuses_a_folder_that_is_not_there),
        ])


main()
