#!/usr/bin/env python3
"""The commands of the registry and of model files, as a person types them.

usage: cli_models.py BINARY
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
MODELS = ROOT / "tests/data/models"


def ask(server, *words):
    return json.loads(server.cli(*words, "--json").stdout)


def refused(server, *words):
    done = server.cli(*words, check=False)
    expect(done.returncode not in (0, 99), f"{words}: {done.returncode} {done.stdout}")
    return done.stderr


def folder_of(scratch):
    """A model's folder as MLflow writes it."""
    folder = scratch / "cancer"
    folder.mkdir()
    shutil.copy(MODELS / "breast_cancer_lr/model.onnx", folder / "model.onnx")
    (folder / "MLmodel").write_text("flavors:\n  onnx: {data: model.onnx, onnx_version: 1.17.0}\n"
                                    "saved_input_example_info: {artifact_path: input_example.json}\n")
    (folder / "requirements.txt").write_text("onnx==1.17.0\nnumpy\n")
    (folder / "python_env.yaml").write_text("python: 3.11.2\n")
    (folder / "conda.yaml").write_text("channels: [conda-forge]\n")
    (folder / "input_example.json").write_text('{"data": [[1.5]]}')
    return folder


def a_folder_is_registered_and_edited(server, scratch):
    folder = folder_of(scratch)
    made = ask(server, "models", "register", "cancer", "--folder", str(folder))
    expect(made["version"] == "1" and made["run_id"], f"{made}")
    # The model of a run that has one, elsewhere among its artifacts.
    server.cli("artifacts", "upload", str(folder), "--run-id", made["run_id"], "--path", "deep/er")
    again = ask(server, "models", "register", "cancer", "--run", made["run_id"], "--path", "deep/er")
    expect(again["version"] == "2", f"{again}")
    expect("which run" in refused(server, "models", "register", "cancer"), "neither run nor folder")
    expect("belong together" in refused(server, "models", "register", "cancer", "--run", "r", "--dataset", "d"), "no split")
    server.cli("models", "alias", "cancer", "champion", "1")
    server.cli("models", "tag", "cancer@champion", "team", "blue")
    server.cli("models", "tag", "cancer", "area", "health")
    server.cli("models", "describe", "cancer@2", "the second")
    server.cli("models", "describe", "cancer", "finds tumours")
    server.cli("models", "stage", "cancer", "2", "Staging")

    shown = ask(server, "models", "show", "cancer@champion")
    version = shown["version"]
    expect(version["aliases"] == ["champion"] and version["tags"] == [{"key": "team", "value": "blue"}], f"{version}")
    expect(version["run_id"] == made["run_id"] and version["source"].endswith("/model"), f"{version}")
    package = version["package"]
    expect(package["flavors"]["onnx"]["data"] == "model.onnx", f"{package}")
    expect(package["requirements"] == ["onnx==1.17.0", "numpy"] and package["python_env"] == {"python": "3.11.2"}, f"{package}")
    expect(package["conda"] == {"channels": ["conda-forge"]} and package["input_example"] == {"data": [[1.5]]}, f"{package}")
    expect(version["signature"]["inputs"][0]["shape"][1] == 30, f"{version['signature']}")
    expect({change.get("version", "1") for change in shown["changes"]} == {"1"}, f"{shown['changes']}")
    text = server.cli("models", "show", "cancer@2").stdout
    for part in ("Staging", "the second", "deep/er", "flavors", "onnx", "numpy", "scan", "[-1,30]"):
        expect(part in text, f"{part}: {text}")
    text = server.cli("models", "show", "cancer").stdout
    expect("finds tumours" in text and "champion=1" in text and "area=health" in text, text)

    for name in ("ants", "bees"):
        server.mlflow("registered-models/create", {"name": name})
    page = ask(server, "models", "list", "--limit", "2", "--order-by", "name DESC")
    expect([model["name"] for model in page["registered_models"]] == ["cancer", "bees"], f"{page}")
    rest = ask(server, "models", "list", "--limit", "2", "--order-by", "name DESC", "--page", page["next_page_token"])
    expect([model["name"] for model in rest["registered_models"]] == ["ants"], f"{rest}")
    found = ask(server, "models", "list", "--filter", "name LIKE 'b%'")
    expect([model["name"] for model in found["registered_models"]] == ["bees"], f"{found}")
    found = ask(server, "models", "versions", "--filter", "tags.team = 'blue'")
    expect([one["version"] for one in found["model_versions"]] == ["1"], f"{found}")

    uri = ask(server, "models", "uri", "cancer@1")["artifact_uri"]
    expect(uri == version["source"], uri)
    server.cli("models", "download", "cancer@champion", str(scratch / "got"))
    expect((scratch / "got/requirements.txt").read_text() == "onnx==1.17.0\nnumpy\n", "another file")
    diff = ask(server, "models", "diff", "cancer", "1", "2")
    expect(diff["known"] and not diff["breaks"] and diff["files"] == [], f"{diff}")

    server.cli("models", "tag", "cancer@1", "team")
    server.cli("models", "unalias", "cancer", "champion")
    version = ask(server, "models", "show", "cancer@1")["version"]
    expect(version["aliases"] == [] and version["tags"] == [], f"{version}")
    server.cli("models", "delete", "cancer@1")
    expect(server.cli("models", "show", "cancer@1", check=False).returncode == 1, "version 1 is still there")
    server.cli("models", "delete", "cancer")
    expect("deleted" in server.cli("models", "show", "cancer").stdout, "a history without its model")


def artifacts_come_and_go(server, scratch):
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
    folder = scratch / "files"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub/b.txt").write_text("bb")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "loop").symlink_to(folder)
    sent = ask(server, "artifacts", "upload", str(folder), "--run-id", run)
    expect(sent["files"] == 2 and sorted(sent["links_left_out"]) == ["link", "loop"], f"{sent}")
    listed = ask(server, "artifacts", "list", "--run-id", run)["files"]
    expect([(file["path"], file["is_dir"]) for file in listed] == [("a.txt", False), ("sub", True)], f"{listed}")
    listed = ask(server, "artifacts", "list", "--run-id", run, "--path", "sub")["files"]
    expect([file["path"] for file in listed] == ["sub/b.txt"], f"{listed}")
    expect(ask(server, "artifacts", "download", str(scratch / "all"), "--run-id", run)["files"] == 2, "all")
    expect((scratch / "all/sub/b.txt").read_text() == "bb", "another file")
    expect(ask(server, "artifacts", "download", str(scratch / "one"), "--run-id", run, "--path", "a.txt")["files"] == 1, "one")
    expect(os.listdir(scratch / "one") == ["a.txt"], f"{os.listdir(scratch / 'one')}")
    expect("not found: none" in refused(server, "artifacts", "download", str(scratch / "none"), "--run-id", run, "--path", "none"), "none")


def millwright(*words):
    return subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True, timeout=300)


def parity_asks_real_rows(scratch):
    original, rows = MODELS / "flights_late_xgb/model.ubj", MODELS / "flights_late_xgb/rows.csv"
    done = millwright("models", "convert", original, scratch / "x.onnx")
    expect(done.returncode == 0, done.stderr)
    compare = ["models", "parity", original, scratch / "x.onnx", "--data", rows]
    # Neither model names its columns: by position, of which the file has one more.
    done = millwright(*compare)
    expect(done.returncode == 1 and "--columns" in done.stderr and "11 columns" in done.stderr, done.stderr)
    columns = rows.open().readline().strip().split(",")
    done = millwright(*compare, "--columns", ",".join(columns[:-1]), "--json")
    expect(done.returncode == 0 and json.loads(done.stdout)["rows"] > 1000, done.stdout + done.stderr)
    done = millwright(*compare, "--columns", ",".join(columns[:-1]), "--where", "false")
    expect(done.returncode == 1 and "no rows" in done.stderr, done.stdout + done.stderr)
    # LightGBM's text, which needs no library of its own.
    text = scratch / "lgb.txt"
    text.write_text("tree\nversion=v3\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
                    "objective=binary sigmoid:1\nfeature_names=distance minute_of_day\nfeature_infos=[0:1] [0:1]\n"
                    "tree_sizes=1\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nsplit_gain=1 1\n"
                    "threshold=500.5 700.5\ndecision_type=2 2\nleft_child=1 -1\nright_child=-2 -3\nleaf_value=-1 1 0.25\n"
                    "shrinkage=1\n\nend of trees\n")
    expect(millwright("models", "convert", text, scratch / "l.onnx").returncode == 0, "LightGBM")
    done = millwright("models", "parity", text, scratch / "l.onnx", "--data", rows, "--json")
    report = json.loads(done.stdout)
    expect(done.returncode == 0 and report["rows"] > 1000 and report["differing_labels"] == 0, f"{report}")
    # Another model is another.
    other = scratch / "other.txt"
    other.write_text(text.read_text().replace("500.5", "600.5"))
    expect(millwright("models", "parity", other, scratch / "l.onnx", "--data", rows).returncode == 99, "another model")


def what_cannot_be_done_is_said(scratch):
    (scratch / "m.json.gz").write_bytes(b"\x1f\x8b" + bytes(20))
    export = scratch / "export.json"
    export.write_text('{"format": "none"}')
    for words, part in (
            (("models", "convert", MODELS / "wine_rf/model.onnx", scratch / "y.onnx"), "ONNX model already"),
            (("models", "convert", MODELS / "pickles/credit_pipeline.pkl", scratch / "y.onnx"), "export.py"),
            (("models", "convert", scratch / "m.json.gz", scratch / "y.onnx"), "compressed"),
            (("models", "convert", scratch / "nope.ubj", scratch / "y.onnx"), "not found"),
            (("models", "convert", MODELS / "flights_late_xgb/model.ubj", scratch / "nodir/x.onnx"), "nodir"),
            (("models", "parity", "a.onnx", "b.onnx", "--data", scratch / "nope.csv"), "nope.csv"),
            (("models", "parity", MODELS / "pickles/credit_pipeline.pkl", MODELS / "wine_rf/model.onnx",
              "--data", MODELS / "flights_late_xgb/rows.csv"), "MLmodel")):
        done = millwright(*words)
        expect(done.returncode == 1 and part in done.stderr, f"{words}: {done.returncode} {done.stderr}")
    expect(not (scratch / "nodir").exists(), "a folder was made")
    os.mkfifo(scratch / "fifo")
    done = millwright("scan", scratch / "fifo")
    expect(done.returncode == 4 and "neither a file" in done.stdout, f"{done}")
    shutil.copy(MODELS / "broken/external_data_absolute.onnx", scratch / "weights.bin")
    expect(millwright("scan", scratch / "weights.bin").returncode == 5, "ONNX by another name")


def alone(test):
    def run():
        with tempfile.TemporaryDirectory() as scratch:
            test(pathlib.Path(scratch))
    return run


def with_server(test):
    def run():
        with tempfile.TemporaryDirectory() as scratch, Server(BINARY, pathlib.Path(scratch) / "data") as server:
            test(server, pathlib.Path(scratch))
    return run


run_tests([("a folder is registered and edited", with_server(a_folder_is_registered_and_edited)),
           ("artifacts come and go", with_server(artifacts_come_and_go)),
           ("parity asks real rows", alone(parity_asks_real_rows)),
           ("what cannot be done is said", alone(what_cannot_be_done_is_said))])
