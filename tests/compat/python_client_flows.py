"""What a user of MLflow's Python client does, checked against what that client has always answered.

Run by python_client.py with an interpreter in which `import mlflow` works:  python_client_flows.py URI
Prints a line a flow and the closing line `N passed, N failed`. 2.x and 3.x clients run the same
flows; a flow for a part that a client lacks is left out by `needs`, and named.
"""
import contextlib
import json
import math
import os
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
import uuid
import warnings

warnings.simplefilter("ignore")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

FLOWS = []
MAJOR = int(mlflow.__version__.split(".")[0])
STALL_SECONDS_MAX = 20  # a retried refusal takes minutes, so anything above this is one


def flow(needs=2):
    def add(function):
        FLOWS.append((function, needs))
        return function
    return add


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def same(expected, actual):
    if expected != actual:
        raise AssertionError(f"{actual!r} instead of {expected!r}")


@contextlib.contextmanager
def refused(code, *words):
    """The client must raise, with this error code, at once, in these words."""
    start = time.monotonic()
    try:
        yield
    except MlflowException as error:
        same(code, error.error_code)
        for word in words:
            assert word in str(error), f"{word!r} is not in {error}"
    else:
        raise AssertionError(f"not refused, {code} expected")
    assert time.monotonic() - start < STALL_SECONDS_MAX, "the client retried a refusal"


def new_experiment(name="flow"):
    name = unique(name)
    mlflow.set_experiment(name)
    return MlflowClient().get_experiment_by_name(name)


@flow()
def experiments_live_and_die():
    client, name = MlflowClient(), unique("exp")
    made = client.create_experiment(name, tags={"team": "a", "unicode": "Größe ☃"})
    seen = client.get_experiment(made)
    same(name, seen.name)
    same("active", seen.lifecycle_stage)
    same({"team": "a", "unicode": "Größe ☃"}, seen.tags)
    assert seen.artifact_location.endswith("/" + made), seen.artifact_location
    assert seen.creation_time > 1_600_000_000_000 and seen.last_update_time >= seen.creation_time
    same(None, client.get_experiment_by_name("no such"))
    with refused("RESOURCE_ALREADY_EXISTS", "already exists"):
        client.create_experiment(name)
    client.set_experiment_tag(made, "team", "b")
    same("b", client.get_experiment(made).tags["team"])
    client.rename_experiment(made, name + " renamed")
    same(name + " renamed", client.get_experiment(made).name)
    client.delete_experiment(made)
    same("deleted", client.get_experiment(made).lifecycle_stage)
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_experiment(name + " renamed")
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_run(made)
    client.restore_experiment(made)
    same("active", client.get_experiment(made).lifecycle_stage)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_experiment("999999999")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_experiment("999999999")


@flow()
def experiments_are_searched():
    client, word = MlflowClient(), unique("find")
    ids = [client.create_experiment(f"{word}-{i}", tags={"n": str(i), "set": word}) for i in range(5)]
    client.delete_experiment(ids[4])
    names = lambda found: [e.name for e in found]  # noqa: E731
    where = f"name LIKE '{word}%'"
    same([f"{word}-{i}" for i in (3, 2, 1, 0)], names(client.search_experiments(filter_string=where)))
    same(5, len(client.search_experiments(ViewType.ALL, filter_string=where)))
    same([f"{word}-4"], names(client.search_experiments(ViewType.DELETED_ONLY, filter_string=where)))
    same([f"{word}-2"], names(client.search_experiments(filter_string=f"{where} AND tags.n = '2'")))
    same([f"{word}-0", f"{word}-1", f"{word}-2"],
         names(client.search_experiments(filter_string=where, order_by=["name ASC"], max_results=3)))
    page = client.search_experiments(filter_string=f"tags.`set` = '{word}'", order_by=["name"], max_results=3)
    rest = client.search_experiments(filter_string=f"tags.`set` = '{word}'", order_by=["name"], max_results=3,
                                     page_token=page.token)
    same([f"{word}-3"], names(rest))
    assert not rest.token
    same(4, len(mlflow.search_experiments(filter_string=where.upper().replace("NAME", "name").replace(" LIKE ", " ILIKE "))))
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_experiments(filter_string="colour = 'red'")


@flow()
def runs_nest_and_end():
    experiment = new_experiment()
    with mlflow.start_run(run_name="parent", tags={"a": "1"}, description="what it is") as parent:
        with mlflow.start_run(nested=True) as child:
            mlflow.log_param("depth", 1)
            with mlflow.start_run(run_name="grandchild", nested=True) as grandchild:
                pass
    same(parent.info.run_id, mlflow.get_run(child.info.run_id).data.tags["mlflow.parentRunId"])
    same(child.info.run_id, mlflow.get_run(grandchild.info.run_id).data.tags["mlflow.parentRunId"])
    same("what it is", mlflow.get_run(parent.info.run_id).data.tags["mlflow.note.content"])
    same("FINISHED", mlflow.get_run(parent.info.run_id).info.status)
    same(parent.info.run_id, mlflow.get_parent_run(child.info.run_id).info.run_id)
    assert len(child.info.run_name.split("-")) == 3, child.info.run_name
    try:
        with mlflow.start_run() as broken:
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    same("FAILED", mlflow.get_run(broken.info.run_id).info.status)
    with mlflow.start_run(run_id=broken.info.run_id):
        same("RUNNING", mlflow.get_run(broken.info.run_id).info.status)
    same("FINISHED", mlflow.get_run(broken.info.run_id).info.status)
    children = mlflow.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
                                  output_format="list")
    same([child.info.run_id], [r.info.run_id for r in children])


@flow()
def runs_are_changed_deleted_and_restored():
    client, experiment = MlflowClient(), new_experiment()
    run = client.create_run(experiment.experiment_id, start_time=123, tags={"k": "v"}, run_name="first")
    id = run.info.run_id
    same((123, "first", "RUNNING", "active", None),
         (run.info.start_time, run.info.run_name, run.info.status, run.info.lifecycle_stage, run.info.end_time))
    client.update_run(id, status="FAILED", name="second")
    seen = client.get_run(id)
    same(("FAILED", "second", "second"), (seen.info.status, seen.info.run_name, seen.data.tags["mlflow.runName"]))
    client.set_tag(id, "mlflow.runName", "third")
    same("third", client.get_run(id).info.run_name)
    client.set_terminated(id, "KILLED", end_time=456)
    same(("KILLED", 456), (client.get_run(id).info.status, client.get_run(id).info.end_time))
    client.delete_tag(id, "k")
    assert "k" not in client.get_run(id).data.tags
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.delete_tag(id, "k")
    client.delete_run(id)
    same("deleted", client.get_run(id).info.lifecycle_stage)
    with refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state"):
        client.log_param(id, "p", 1)
    same([], list(client.search_runs([experiment.experiment_id])))
    same(1, len(client.search_runs([experiment.experiment_id], run_view_type=ViewType.DELETED_ONLY)))
    client.restore_run(id)
    same("active", client.get_run(id).info.lifecycle_stage)
    with refused("RESOURCE_DOES_NOT_EXIST", "not found"):
        client.get_run("0" * 32)
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.start_run(run_id="0" * 32)


@flow()
def what_is_logged_is_read_back():
    client = MlflowClient()
    new_experiment()
    with mlflow.start_run() as run:
        id = run.info.run_id
        mlflow.log_param("lr", 0.1)
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "none": None, "empty": "", "unicode": "Größe ☃", "list": [1, 2]})
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_metric("loss", 0.25, step=2)
        mlflow.log_metrics({"a": 1, "b/c d.e-f": 2.5}, step=7)
        mlflow.set_tags({"t": 1, "u": "x" * 6000})
        mlflow.set_tag("t", 2)
    data = client.get_run(id).data
    same({"lr": "0.1", "depth": "3", "none": "None", "empty": "", "unicode": "Größe ☃", "list": "[1, 2]"}, data.params)
    same({"loss": 0.25, "a": 1.0, "b/c d.e-f": 2.5}, data.metrics)
    same(("2", 6000), (data.tags["t"], len(data.tags["u"])))
    same([(1, 0.5), (2, 0.25)], [(m.step, m.value) for m in client.get_metric_history(id, "loss")])
    same([], client.get_metric_history(id, "never logged"))
    with refused("INVALID_PARAMETER_VALUE", "lr", "0.1"):
        client.log_param(id, "lr", 0.2)
    for key in ("a//b", "../a", "a\tb", "", "x" * 251):
        with refused("INVALID_PARAMETER_VALUE"):
            client.log_metric(id, key, 1)


@flow()
def not_a_number_and_infinities():
    client = MlflowClient()
    new_experiment()
    with mlflow.start_run() as run:
        mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "minus": -math.inf, "tiny": 5e-324, "huge": 1.7e308})
        mlflow.log_metric("nan", math.nan)
    metrics = client.get_run(run.info.run_id).data.metrics
    assert math.isnan(metrics["nan"])
    same((1.7976931348623157e308, -1.7976931348623157e308, 5e-324, 1.7e308),
         (metrics["inf"], metrics["minus"], metrics["tiny"], metrics["huge"]))
    assert all(math.isnan(m.value) for m in client.get_metric_history(run.info.run_id, "nan"))


@flow()
def batches_of_every_size():
    client, experiment = MlflowClient(), new_experiment()
    id = client.create_run(experiment.experiment_id).info.run_id
    client.log_batch(id)
    client.log_batch(id, [Metric(f"m{i}", i, 1000 + i, i) for i in range(1000)])
    client.log_batch(id, params=[Param(f"p{i}", str(i)) for i in range(100)], tags=[RunTag(f"t{i}", "x") for i in range(100)])
    with mlflow.start_run(run_id=id):
        mlflow.log_params({f"q{i}": i for i in range(250)})
        mlflow.set_tags({f"u{i}": i for i in range(250)})
        mlflow.log_metrics({f"n{i}": i for i in range(2500)})
    data = client.get_run(id).data
    same((350, 3500), (len(data.params), len(data.metrics)))
    same(999.0, data.metrics["m999"])
    with refused("INVALID_PARAMETER_VALUE"):
        client.log_batch(id, params=[Param("twice", "1"), Param("twice", "2")])
    for step in range(0, 30_000, 1000):
        client.log_batch(id, [Metric("long", s * 0.5, s, s) for s in range(step, step + 1000)])
    history = client.get_metric_history(id, "long")
    same((30_000, 0, 29_999, 14_999.5), (len(history), history[0].step, history[-1].step, history[-1].value))


@flow()
def artifacts_go_up_and_come_down():
    import matplotlib.pyplot as plt
    import numpy
    import pandas
    client = MlflowClient()
    new_experiment()
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        id = run.info.run_id
        mlflow.log_dict({"a": [1, 2]}, "conf/a.json")
        mlflow.log_dict({"a": [1, 2]}, "conf/a.yaml")
        mlflow.log_text("Größe ☃\n", "notes/größe.txt")
        figure, axes = plt.subplots()
        axes.plot([1, 2])
        mlflow.log_figure(figure, "figure.png")
        plt.close(figure)
        mlflow.log_image(numpy.zeros((4, 5, 3), dtype=numpy.uint8), "image.png")
        if hasattr(mlflow, "log_image"):
            mlflow.log_image(numpy.zeros((4, 5, 3), dtype=numpy.uint8), key="dogs", step=3)
        table = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
        mlflow.log_table(table, "table.json")
        mlflow.log_table({"x": [3], "y": ["c"]}, "table.json")
        os.makedirs(folder + "/deep/er")
        for name, content in (("a.bin", b"\0\1\2" * 100_000), ("deep/b.txt", b"b"), ("deep/er/empty", b"")):
            with open(f"{folder}/{name}", "wb") as file:
                file.write(content)
        mlflow.log_artifacts(folder, "tree")
        mlflow.log_artifact(folder + "/a.bin")
        same({"a": [1, 2]}, mlflow.artifacts.load_dict(f"runs:/{id}/conf/a.json"))
        same("Größe ☃\n", mlflow.artifacts.load_text(f"runs:/{id}/notes/größe.txt"))
        same((4, 5), mlflow.artifacts.load_image(f"runs:/{id}/image.png").size[::-1])
        same(["a", "b", "c"], list(mlflow.load_table("table.json", [id])["y"]))
        same(["tree/a.bin", "tree/deep"], [f.path for f in client.list_artifacts(id, "tree")])
        same([("tree/a.bin", False, 300_000), ("tree/deep", True, None)],
             [(f.path, f.is_dir, f.file_size) for f in client.list_artifacts(id, "tree")])
        got = mlflow.artifacts.download_artifacts(run_id=id, artifact_path="tree", dst_path=folder + "/down")
        with open(got + "/a.bin", "rb") as file:
            same(b"\0\1\2" * 100_000, file.read())
        assert os.path.exists(got + "/deep/er/empty")
        same([], client.list_artifacts(id, "nothing here"))
        try:
            mlflow.artifacts.download_artifacts(run_id=id, artifact_path="no such file")
        except (MlflowException, OSError):
            pass
        else:
            raise AssertionError("a missing artifact was downloaded")


@contextlib.contextmanager
def environment(**values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@flow()
def large_artifacts_go_up_in_parts():
    mib = 1 << 20
    content = os.urandom(23 * mib + 1)
    new_experiment()
    in_parts = environment(MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD="true", MLFLOW_ENABLE_MULTIPART_UPLOAD="true",
                           MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE=str(10 * mib),
                           MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE=str(5 * mib))
    with tempfile.TemporaryDirectory() as folder, in_parts, mlflow.start_run() as run:
        path = os.path.join(folder, "weights of a model.bin")
        with open(path, "wb") as file:
            file.write(content)
        before = uploads_in_parts()
        mlflow.log_artifact(path, "large")
        same(before + 1, uploads_in_parts())
        got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="large/weights of a model.bin",
                                                  dst_path=folder + "/down")
        with open(got, "rb") as file:
            assert file.read() == content, "another file came down"
        same([("large/weights of a model.bin", len(content))],
             [(f.path, f.file_size) for f in MlflowClient().list_artifacts(run.info.run_id, "large")])


def uploads_in_parts():
    """How many were completed, as the server counts its requests."""
    with urllib.request.urlopen(mlflow.get_tracking_uri() + "/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(line.split()[-1]) for line in lines
               if line.startswith("millwright_http_requests_total{") and "/mpu/complete/" in line and '"200"' in line)


@flow()
def runs_are_searched():
    experiment = new_experiment()
    e = [experiment.experiment_id]
    for i in range(12):
        with mlflow.start_run(run_name=f"run {i}", tags={"kind": "even" if i % 2 == 0 else "odd", "dotted.key": str(i)}):
            mlflow.log_param("depth", i)
            mlflow.log_param("odd key/with", f"v{i}")
            mlflow.log_metric("acc", i / 10)
            if i == 11:
                mlflow.log_metric("rare", math.nan)

    def found(where="", **more):
        return [int(r.info.run_name.split()[1]) for r in
                mlflow.search_runs(e, where, output_format="list", **more)]

    same(list(range(11, -1, -1)), found())
    same([11, 10, 9], found("metrics.acc > 0.8"))
    same([0], found("metrics.acc = 0"))
    same([10], found("metrics.acc >= 0.9 and params.depth != '9' and tags.kind = 'even'"))
    same([3], found("params.depth = '3'"))
    same([3], found("params.`odd key/with` = 'v3'"))
    same([3], found('params."odd key/with" = "v3"'))
    same([7], found("tags.`dotted.key` = '7'"))
    same([11, 10, 1], found("params.depth LIKE '1%'"))
    same([10], found("run_name = 'run 10'"))
    same([1], found("attributes.run_name ILIKE 'RUN 1'"))
    same(12, len(found("attributes.status = 'FINISHED'")))
    same([], found("status = 'RUNNING'"))
    same(12, len(found("start_time > 0 and end_time > 0")))
    one = mlflow.search_runs(e, "run_name = 'run 5'", output_format="list")[0].info.run_id
    same([5], found(f"run_id IN ('{one}', 'nothing')"))
    same(11, len(found(f"run_id NOT IN ('{one}')")))
    same([11], found("metrics.rare != 1"))
    same(list(range(12)), found(order_by=["metrics.acc ASC"]))
    same([0, 2, 4], found("tags.kind = 'even'", order_by=["metrics.acc"], max_results=3))
    same([1, 3, 5, 7, 9, 11, 0, 2, 4, 6, 8, 10], found(order_by=["tags.kind DESC", "start_time ASC"]))
    same(11, found(order_by=["metrics.rare DESC"], max_results=1)[0])
    frame = mlflow.search_runs(e, order_by=["metrics.acc DESC"])
    same(("1.1", "11"), (str(frame["metrics.acc"][0]), frame["params.depth"][0]))
    same(12, len(mlflow.search_runs(experiment_names=[experiment.name])))
    client, seen, token = MlflowClient(), [], None
    while True:
        page = client.search_runs(e, max_results=5, order_by=["metrics.acc ASC"], page_token=token)
        seen += [int(r.info.run_name.split()[1]) for r in page]
        token = page.token
        if not token:
            break
    same(list(range(12)), seen)
    for bad in ("metrics.acc > 'x'", "params.depth > 3", "colour.x = '1'", "metrics.acc >", "status LIKE 3"):
        with refused("INVALID_PARAMETER_VALUE"):
            mlflow.search_runs(e, bad)
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_runs(e, page_token="no token")
    with refused("INVALID_PARAMETER_VALUE"):
        client.search_runs(e, max_results=50_001)


def fitted():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    x, y = load_iris(return_X_y=True, as_frame=True)
    return LogisticRegression(max_iter=300).fit(x, y), x, y


@flow()
def autolog_of_scikit_learn():
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    experiment, client = new_experiment(), MlflowClient()
    x, y = load_iris(return_X_y=True, as_frame=True)
    mlflow.sklearn.autolog()
    try:
        LogisticRegression(max_iter=300).fit(x, y)
        run = mlflow.last_active_run()
        same("300", run.data.params["max_iter"])
        assert run.data.metrics["training_score"] > 0.9
        same("LogisticRegression", run.data.tags["estimator_name"])
        same("FINISHED", run.info.status)
        assert any("training_confusion_matrix" in f.path for f in client.list_artifacts(run.info.run_id))
        assert run.inputs.dataset_inputs, "the training data was not logged"
        GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1.0]}, cv=2).fit(x, y)
        parent = mlflow.last_active_run()
        children = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
        same({"0.1", "1.0"}, {r.data.params["C"] for r in children})
        same(2, len(children))
    finally:
        mlflow.sklearn.autolog(disable=True)


@flow()
def models_are_logged_and_loaded():
    from mlflow.models import infer_signature
    model, x, y = fitted()
    new_experiment()
    place = {"name": "iris"} if MAJOR >= 3 else {"artifact_path": "iris"}
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, signature=infer_signature(x, model.predict(x)), input_example=x.head(2),
                                        pip_requirements=["scikit-learn"], **place)
    for uri in (info.model_uri, f"runs:/{run.info.run_id}/iris"):
        same(list(model.predict(x)), list(mlflow.sklearn.load_model(uri).predict(x)))
        same(list(model.predict(x)), list(mlflow.pyfunc.load_model(uri).predict(x)))
    same(info.model_uuid, mlflow.models.get_model_info(info.model_uri).model_uuid)
    same(["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"],
         mlflow.models.get_model_info(info.model_uri).signature.inputs.input_names())


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input * 2


@flow()
def a_python_model_of_ones_own():
    import pandas
    new_experiment()
    place = {"name": "own"} if MAJOR >= 3 else {"artifact_path": "own"}
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(python_model=Doubler(), pip_requirements=["mlflow"], **place)
    same([2, 4], list(mlflow.pyfunc.load_model(info.model_uri).predict(pandas.DataFrame({"x": [1, 2]}))["x"]))


@flow()
def the_registry():
    client, name = MlflowClient(), unique("model")
    model, x, y = fitted()
    new_experiment()
    place = {"name": "m"} if MAJOR >= 3 else {"artifact_path": "m"}
    with mlflow.start_run() as run:
        mlflow.log_metric("acc", 0.9)
        mlflow.sklearn.log_model(model, registered_model_name=name, pip_requirements=["scikit-learn"], **place)
    version = mlflow.register_model(f"runs:/{run.info.run_id}/m", name, tags={"how": "by hand"})
    same(("2", "READY"), (str(version.version), version.status))
    same({"how": "by hand"}, client.get_model_version(name, "2").tags)
    same(run.info.run_id, client.get_model_version(name, "1").run_id)
    client.set_registered_model_alias(name, "champion", "1")
    same("1", str(client.get_model_version_by_alias(name, "champion").version))
    same({"champion": "1"}, {k: str(v) for k, v in client.get_registered_model(name).aliases.items()})
    for uri in (f"models:/{name}/2", f"models:/{name}@champion", f"models:/{name}/latest"):
        same(list(model.predict(x)), list(mlflow.pyfunc.load_model(uri).predict(x)))
    client.transition_model_version_stage(name, "1", "Production")
    client.transition_model_version_stage(name, "2", "Production", archive_existing_versions=True)
    same("Archived", client.get_model_version(name, "1").current_stage)
    same(["2"], [str(v.version) for v in client.get_latest_versions(name, ["Production"])])
    same(list(model.predict(x)), list(mlflow.pyfunc.load_model(f"models:/{name}/Production").predict(x)))
    client.update_registered_model(name, "about it")
    client.update_model_version(name, "1", "about one")
    same(("about it", "about one"), (client.get_registered_model(name).description, client.get_model_version(name, "1").description))
    client.set_registered_model_tag(name, "t", "1")
    client.set_model_version_tag(name, "1", "vt", "2")
    same(({"t": "1"}, {"vt": "2"}), (client.get_registered_model(name).tags, client.get_model_version(name, "1").tags))
    same([name], [m.name for m in client.search_registered_models(f"name = '{name}' and tags.t = '1'")])
    same(["1", "2"], [str(v.version) for v in client.search_model_versions(f"name = '{name}'")])
    same(["1"], [str(v.version) for v in client.search_model_versions(f"name = '{name}' and tags.vt = '2'")])
    same(2, len(client.search_model_versions(f"run_id = '{run.info.run_id}'")))
    assert client.get_model_version_download_uri(name, "1")
    copy = client.copy_model_version(f"models:/{name}/1", name + "-copy")
    same("1", str(copy.version))
    same(list(model.predict(x)), list(mlflow.pyfunc.load_model(f"models:/{name}-copy/1").predict(x)))
    client.delete_registered_model_tag(name, "t")
    client.delete_model_version_tag(name, "1", "vt")
    client.delete_registered_model_alias(name, "champion")
    with refused("INVALID_PARAMETER_VALUE", "champion", "not found"):
        client.get_model_version_by_alias(name, "champion")
    client.rename_registered_model(name, name + "-new")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_registered_model(name)
    client.delete_model_version(name + "-new", "2")
    with refused("RESOURCE_DOES_NOT_EXIST"):
        client.get_model_version(name + "-new", "2")
    client.delete_registered_model(name + "-new")
    with refused("RESOURCE_ALREADY_EXISTS"):
        client.create_registered_model(name + "-copy")
    with refused("INVALID_PARAMETER_VALUE"):
        client.create_registered_model("")
    same(None, next((m for m in client.search_registered_models() if m.name == name + "-new"), None))


@flow()
def datasets_are_inputs():
    import mlflow.data
    import numpy
    import pandas
    experiment = new_experiment()
    frame = pandas.DataFrame({"x": [1.5, 2.5], "y": [0, 1]})
    dataset = mlflow.data.from_pandas(frame, source="file:///data/train.csv", name="train-set", targets="y")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"split": "a"})
        mlflow.log_input(mlflow.data.from_numpy(numpy.zeros((3, 2)), name="arrays"), context="test")
    inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    same(["arrays", "train-set"], sorted(i.dataset.name for i in inputs))
    train = next(i for i in inputs if i.dataset.name == "train-set")
    same({"mlflow.data.context": "training", "split": "a"}, {t.key: t.value for t in train.tags})
    same(2, json.loads(train.dataset.profile)["num_rows"])
    for where in ("dataset.name = 'train-set'", "dataset.digest = '%s'" % train.dataset.digest,
                  "dataset.name LIKE 'train%' and dataset.context = 'training'", "dataset.name IN ('arrays')"):
        same([run.info.run_id], [r.info.run_id for r in mlflow.search_runs([experiment.experiment_id], where, output_format="list")])


@flow()
def asynchronous_logging():
    new_experiment()
    with mlflow.start_run() as run:
        waits = [mlflow.log_metric("loss", i, step=i, synchronous=False) for i in range(200)]
        waits += [mlflow.log_params({f"p{i}": i for i in range(150)}, synchronous=False),
                  mlflow.set_tags({"t": 1}, synchronous=False)]
        for wait in waits:
            wait.wait()
    seen = mlflow.get_run(run.info.run_id)
    same((199.0, 150, "1"), (seen.data.metrics["loss"], len(seen.data.params), seen.data.tags["t"]))
    same(200, len(MlflowClient().get_metric_history(run.info.run_id, "loss")))
    mlflow.config.enable_async_logging()
    try:
        with mlflow.start_run() as run:
            for i in range(500):
                mlflow.log_metric("loss", i, step=i)
            mlflow.flush_async_logging()
    finally:
        mlflow.config.enable_async_logging(False)
    same(500, len(MlflowClient().get_metric_history(run.info.run_id, "loss")))


@flow()
def many_threads_log_to_one_run():
    experiment, client, failures = new_experiment(), MlflowClient(), []
    id = client.create_run(experiment.experiment_id).info.run_id

    def log(thread):
        try:
            for i in range(25):
                client.log_metric(id, "shared", i, step=thread * 25 + i)
                client.log_param(id, f"p{thread}-{i}", i)
                client.log_param(id, "same", "always")
                client.set_tag(id, "last", f"{thread}-{i}")
        except MlflowException as error:
            failures.append(error)

    threads = [threading.Thread(target=log, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same([], failures)
    same((200, 201), (len(client.get_metric_history(id, "shared")), len(client.get_run(id).data.params)))


@flow()
def system_metrics():
    new_experiment()
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    with mlflow.start_run(log_system_metrics=True) as run:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if "system/cpu_utilization_percentage" in mlflow.get_run(run.info.run_id).data.metrics:
                break
            time.sleep(0.1)
    metrics = mlflow.get_run(run.info.run_id).data.metrics
    for name in ("cpu_utilization_percentage", "system_memory_usage_megabytes", "disk_usage_percentage"):
        assert "system/" + name in metrics, sorted(metrics)


@flow(needs=3)
def logged_models():
    experiment, client = new_experiment(), MlflowClient()
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model(name="lm", tags={"a": "1"}, params={"p": "2"}, model_type="agent")
        same("PENDING", model.status.value)
        mlflow.log_metric("acc", 0.75, step=3, model_id=model.model_id)
        done = mlflow.finalize_logged_model(model.model_id, "READY")
    same("READY", done.status.value)
    seen = mlflow.get_logged_model(model.model_id)
    same(("lm", "agent", {"p": "2"}, run.info.run_id), (seen.name, seen.model_type, seen.params, seen.source_run_id))
    same([("acc", 0.75)], [(m.key, m.value) for m in seen.metrics])
    client.set_logged_model_tags(model.model_id, {"b": "2"})
    client.delete_logged_model_tag(model.model_id, "a")
    same("2", mlflow.get_logged_model(model.model_id).tags["b"])
    assert "a" not in mlflow.get_logged_model(model.model_id).tags
    client.log_model_params(model.model_id, {"q": "3"})
    other = mlflow.create_external_model(name="outside", model_type="llm")
    found = lambda where, **more: [m.name for m in mlflow.search_logged_models(  # noqa: E731
        experiment_ids=[experiment.experiment_id], filter_string=where, output_format="list", **more)]
    same(["lm"], found("metrics.acc > 0.5"))
    same(["lm"], found("name = 'lm' and params.p = '2'"))
    same({"lm", "outside"}, set(found(None)))
    same(["lm", "outside"], found(None, order_by=[{"field_name": "name", "ascending": True}]))
    same(["outside"], found("model_type = 'llm'"))
    client.delete_logged_model(other.model_id)
    same(["lm"], found(None))
    with refused("RESOURCE_DOES_NOT_EXIST"):
        mlflow.get_logged_model("m-" + "0" * 32)


@flow(needs=3)
def tracing_never_stalls():
    new_experiment()

    @mlflow.trace
    def answer(question):
        with mlflow.start_span("inner") as span:
            span.set_inputs({"q": question})
            return question.upper()

    start = time.monotonic()
    with mlflow.start_run():
        same("WHY", answer("why"))
        for _ in range(20):
            answer("again")
        if hasattr(mlflow, "flush_trace_async_logging"):
            mlflow.flush_trace_async_logging()
    for call in (lambda: mlflow.log_feedback(trace_id="tr-1", name="good", value=True),
                 lambda: mlflow.search_traces(experiment_ids=["0"]),
                 lambda: MlflowClient().delete_traces("0", trace_ids=["tr-1"]),
                 lambda: mlflow.genai.datasets.search_datasets()):
        with refused("ENDPOINT_NOT_FOUND"):
            call()
    assert time.monotonic() - start < STALL_SECONDS_MAX, f"it took {time.monotonic() - start:.0f} s"


@flow(needs=3)
def prompts_are_registered_models():
    name = unique("prompt").replace("-", "_")
    prompt = mlflow.genai.register_prompt(name, "Say {{word}}", commit_message="first", tags={"a": "b"})
    same(1, int(prompt.version))
    mlflow.genai.register_prompt(name, "Say {{word}} twice")
    same("Say {{word}}", mlflow.genai.load_prompt(f"prompts:/{name}/1").template)
    mlflow.genai.set_prompt_alias(name, "live", 2)
    same("Say hi twice", mlflow.genai.load_prompt(f"prompts:/{name}@live").format(word="hi"))
    same([name], [p.name for p in mlflow.genai.search_prompts(f"name = '{name}'")])
    assert name not in [m.name for m in MlflowClient().search_registered_models()]


@flow()
def models_are_evaluated():
    model, x, y = fitted()
    new_experiment()
    place = {"name": "m"} if MAJOR >= 3 else {"artifact_path": "m"}
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(model, pip_requirements=["scikit-learn"], **place)
        data = x.assign(label=y)
        evaluate = mlflow.models.evaluate if MAJOR >= 3 else mlflow.evaluate
        evaluate(info.model_uri, data, targets="label", model_type="classifier",
                 evaluator_config={"log_model_explainability": False, "log_explainer": False})
    seen = mlflow.get_run(run.info.run_id)
    assert seen.data.metrics["accuracy_score"] > 0.9, seen.data.metrics


def main():
    mlflow.set_tracking_uri(sys.argv[1])
    only = sys.argv[2:]
    passed = failed = 0
    for function, needs in FLOWS:
        if only and function.__name__ not in only:
            continue
        if MAJOR < needs:
            print(f"left out {function.__name__}: needs client {needs}.x, this is {mlflow.__version__}")
            continue
        start = time.monotonic()
        try:
            function()
            passed += 1
            print(f"ok     {function.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:  # every failure is reported, the others still run
            failed += 1
            while mlflow.active_run():
                mlflow.end_run()
            print(f"FAILED {function.__name__}: {traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
