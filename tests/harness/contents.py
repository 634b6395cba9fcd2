"""What an MLflow client can see of a server, to compare two of them."""
import json

from harness.millwright import Failure, expect


def pages(ask, key):
    token, items = "", []
    while True:
        page = ask(token)
        items += page.get(key, [])
        token = page.get("next_page_token", "")
        if not token:
            return items


def history(server, run_id, key):
    return pages(lambda token: server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id,
                                          metric_key=key, **({"page_token": token} if token else {})).json(),
                 "metrics")


def contents(server):
    """Everything a client can see, without what belongs to the server: addresses of files."""
    experiments = pages(lambda token: server.mlflow("experiments/search", {
        "max_results": 1000, "view_type": "ALL", "page_token": token}), "experiments")
    result = {"runs": {}, "experiments": {}, "models": {}, "logged": {}}
    for experiment in experiments:
        number = experiment["experiment_id"]
        experiment.pop("artifact_location")
        if experiment["name"] != "Default":  # every server has made its own
            result["experiments"][experiment["name"]] = experiment
        for run in pages(lambda token: server.mlflow("runs/search", {
                "experiment_ids": [number], "run_view_type": "ALL", "max_results": 100,
                "page_token": token}), "runs"):
            run["info"].pop("artifact_uri")
            data = run.get("data", {})
            data["histories"] = {m["key"]: history(server, run["info"]["run_id"], m["key"])
                                 for m in data.get("metrics", [])}
            result["runs"][run["info"]["run_id"]] = run
        for model in pages(lambda token: server.mlflow("logged-models/search", {
                "experiment_ids": [number], **({"page_token": token} if token else {})}), "models"):
            model["info"].pop("artifact_uri")
            result["logged"][model["info"]["model_id"]] = model
    for model in server.get("/api/2.0/mlflow/registered-models/search").json().get("registered_models", []):
        versions = server.get("/api/2.0/mlflow/model-versions/search",
                              filter=f'name = "{model["name"]}"').json().get("model_versions", [])
        model.pop("last_updated_timestamp")  # setting an alias counts as a change
        result["models"][model["name"]] = [model, versions]
    return result


def files(server, folder):
    return server.get("/api/v1/import/files", folder=folder).json()["files"]


def same(what, a, b):
    if a != b:
        for key in a:
            expect(a[key] == b.get(key), f"{what}: {key} differs\n{json.dumps(a[key])}\n{json.dumps(b.get(key))}")
        raise Failure(f"{what}: {b} has more than {a}")
