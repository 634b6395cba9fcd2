#!/usr/bin/env python3
"""Moves stores that MLflow itself wrote into real servers, out again and between them. usage: move.py BINARY"""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.contents import contents, files, history, same  # noqa: E402
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.plain_mlflow import PlainMlflow  # noqa: E402

BINARY = sys.argv[1]
STORES = ROOT / "tests/data/mlflow-stores"


def moved(server, *words, status=0):
    """Runs a move and returns its report."""
    done = server.cli(*words, "--json", check=False)
    if done.returncode != status:
        raise Failure(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def stays_whole(store, uri, postgres, *options):
    """A store goes into a server, from it into a folder, a second server and a third, unchanged."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a") as a, Server(BINARY, folder / "b", backend=postgres.new_database()) as b, \
                Server(BINARY, folder / "c") as c:
            dry = moved(a, "import", "mlflow", uri, *options, "--dry-run")
            expect(dry["runs"]["found"] == 5 and dry["runs"]["brought"] == 0, f"dry run: {dry}")
            report = moved(a, "import", "mlflow", uri, *options)
            for part in ("runs", "points", "files", "versions", "experiments"):
                line = report[part]
                expect(line["verified"] == line["found"] and line["different"] == 0, f"{part}: {line}")
            expect(report["runs"]["brought"] == 5 and report["points"]["found"] >= 276, f"{report}")
            expect(report["files"]["brought"] >= 3, f"files: {report['files']}")
            again = moved(a, "import", "mlflow", uri, *options)
            expect(again["runs"]["already_there"] == 5 and again["points"]["brought"] == 0, f"again: {again}")
            expect(again["files"]["brought"] == 0, f"again: {again['files']}")
            first = contents(a)

            moved(a, "export", "mlflow", str(folder / "out"))
            moved(b, "import", "mlflow", str(folder / "out"))
            same("through a folder", first, contents(b))
            moved(c, "import", "mlflow", a.uri)
            same("from server to server", first, contents(c))
            run = next(r for r in first["runs"].values() if r["info"]["run_name"] == "first model")
            below = f"{run['info']['experiment_id']}/{run['info']['run_id']}/artifacts"
            expect(len(files(a, below)) == 3, f"files of a run: {files(a, below)}")
            same("files", {"files": files(a, below)}, {"files": files(b, below)})
            same("files", {"files": files(a, below)}, {"files": files(c, below)})


def origin(item, key):
    return {t["key"]: t["value"] for t in item.get("tags", [])}.get("millwright.origin." + key)


def in_origins(server):
    """contents() of a server that gave ids itself, with the ids that things had where they come from."""
    found = contents(server)
    run_ids = {run_id: origin(run["data"], "run_id") for run_id, run in found["runs"].items()}
    text = json.dumps(found)
    for here, there in run_ids.items():
        text = text.replace(here, there)
    for model_id, model in found["logged"].items():
        text = text.replace(model_id, origin(model["info"], "model_id"))
    found = json.loads(text)

    def without_origins(node):
        if isinstance(node, dict):
            kept = {k: without_origins(v) for k, v in node.items()}
            return {k: v for k, v in kept.items() if k != "tags" or v}
        if isinstance(node, list):
            return [without_origins(v) for v in node
                    if not (isinstance(v, dict) and str(v.get("key")).startswith(SET_THERE))]
        return node
    return without_origins(found)


# Tags that the export or the server sets.
SET_THERE = ("millwright.origin.", "mlflow.modelVersions")
# What a server that gives ids and times itself says otherwise.
OWN = {"experiment_id", "creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp",
       "creation_timestamp_ms", "last_updated_timestamp_ms", "source", "run_uuid", "model_registry_id", "user_id",
       "last_update_timestamp_ms", "latest_versions"}


def without_own(node):
    if isinstance(node, dict):
        return {k: without_own(v) for k, v in node.items() if k not in OWN and (k, v) != ("description", "")}
    if isinstance(node, list):
        return sorted((without_own(v) for v in node), key=json.dumps)
    return node


def goes_into_mlflow(postgres):
    """Into a server that gives ids itself, and once more."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a") as a, Server(BINARY, folder / "b", backend=postgres.new_database()) as b, \
                PlainMlflow(b) as plain:
            moved(a, "import", "mlflow", str(STORES / "3.11-files/mlruns"))
            a.mlflow("registered-models/create", {"name": "it's full of gaps"})
            for number in range(1, 6):
                a.mlflow("model-versions/create", {"name": "it's full of gaps", "source": f"s3://bucket/{number}"})
            for number in ("1", "3", "4"):
                answer = a.request("DELETE", "/api/2.0/mlflow/model-versions/delete",
                                   {"name": "it's full of gaps", "version": number})
                expect(answer.status == 200, f"{answer.body}")
            first = contents(a)
            report = moved(a, "export", "mlflow", plain.uri)
            expect(report["runs"]["brought"] == 5 and report["points"]["verified"] == report["points"]["found"],
                   f"{report}")
            there = in_origins(b)
            for part in first:
                same(part, without_own(first[part]), without_own(there[part]))
            for run_id, run in first["runs"].items():
                [run_there] = [r for r in contents(b)["runs"].values() if origin(r["data"], "run_id") == run_id]
                info = run_there["info"]
                for file in files(a, f"{run['info']['experiment_id']}/{run_id}/artifacts"):
                    other = files(b, f"{info['experiment_id']}/{info['run_id']}/artifacts")
                    expect(file in other, f"{file} of {run_id} is not among {other}")
            [version] = [v for v in contents(b)["models"]["delays"][1] if v["version"] == "1"]
            uri = b.get("/api/2.0/mlflow/model-versions/get-download-uri", name="delays", version="1").json()
            expect(any(f["path"] == "MLmodel" for f in files(b, uri["artifact_uri"].removeprefix("mlflow-artifacts:/"))),
                   f"the version's files are not at {uri} ({version})")
            again = moved(a, "export", "mlflow", plain.uri)
            expect(again["points"]["brought"] == 0 and again["files"]["brought"] == 0, f"again: {again}")
            same("again", without_own(there), without_own(in_origins(b)))
            # What was logged since then follows.
            run_id = next(r for r, run in first["runs"].items() if run["info"]["run_name"] == "first model")
            a.mlflow("runs/log-batch", {"run_id": run_id, "params": [{"key": "late", "value": "1"}], "metrics": [
                {"key": "late", "value": i, "timestamp": i, "step": i} for i in range(999)]})
            moved(a, "export", "mlflow", plain.uri)
            late = in_origins(b)["runs"][run_id]["data"]
            expect(len(late["histories"]["late"]) == 999, "the late points are missing")


def refused_things_are_named():
    """A server that takes no long params: they are listed, and all else arrives."""
    def no_long_params(path, body):
        if "log-batch" in path and any(len(p["value"]) > 500 for p in json.loads(body).get("params", [])):
            return b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "Param value had length over 500"}'
        return None

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a") as a, Server(BINARY, folder / "b") as b, PlainMlflow(b, no_long_params) as plain:
            run_id = a.mlflow("runs/create", {"experiment_id": "0", "run_name": "r"})["run"]["info"]["run_id"]
            a.mlflow("runs/log-batch", {
                "run_id": run_id, "params": [{"key": "long", "value": "x" * 600}, {"key": "short", "value": "y"}],
                "tags": [{"key": "t", "value": "z"}], "metrics": [{"key": "m", "value": 1, "timestamp": 1}]})
            report = moved(a, "export", "mlflow", plain.uri, status=1)
            [first, *_] = report["problems"]
            expect(first["what"] == f"param 'long' of run {run_id}" and "500" in first["why"], f"{report['problems']}")
            [run] = contents(b)["runs"].values()
            expect([p["key"] for p in run["data"]["params"]] == ["short"], f"{run}")
            expect(run["data"]["metrics"], f"{run}")


def goes_on_after_a_crash():
    """kill -9 at any moment of an export: the next one completes it and doubles nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a") as a:
            moved(a, "import", "mlflow", str(STORES / "3.11-files/mlruns"))
            first = without_own(contents(a))
            for last_request in (12, 25, 40, 60, 85):
                victim = []

                def stop(_path, _body):
                    if len(plain.requests) == last_request:
                        victim[0].kill()

                with Server(BINARY, folder / f"b{last_request}") as b, PlainMlflow(b, stop) as plain:
                    victim.append(subprocess.Popen([BINARY, "export", "mlflow", plain.uri, "--uri", a.uri],
                                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                    expect(victim[0].wait() == -signal.SIGKILL, f"it ended before request {last_request}")
                    moved(a, "export", "mlflow", plain.uri)
                    same(f"after request {last_request}", first, without_own(in_origins(b)))


def another_millwright_keeps_ids():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a") as a, \
                Server(BINARY, folder / "b", "--auth", "basic",
                       environment={"MILLWRIGHT_ADMIN_PASSWORD": "s3cret-words"}) as b:
            moved(a, "import", "mlflow", str(STORES / "3.11-files/mlruns"))
            done = a.cli("export", "mlflow", f"http://admin:s3cret-words@127.0.0.1:{b.port}")
            expect("s3cret" not in done.stdout + done.stderr, "the password was printed")
            b.stop()
            with Server(BINARY, folder / "b") as again:
                same("runs", contents(a), contents(again))
            done = a.cli("export", "mlflow", a.uri, check=False)
            expect(done.returncode == 1 and "into itself" in done.stderr, done.stderr)


def version_files_are_found():
    """A version's files are those of its run, at the address that they have here."""
    with tempfile.TemporaryDirectory() as name, Server(BINARY, pathlib.Path(name) / "a") as a:
        moved(a, "import", "mlflow", str(STORES / "3.11-files/mlruns"))
        for version, ending in (("1", "/artifacts/model"), ("2", "/artifacts")):
            uri = a.get("/api/2.0/mlflow/model-versions/get-download-uri", name="delays",
                        version=version).json()["artifact_uri"]
            expect(uri.startswith("mlflow-artifacts:/") and uri.endswith(ending), uri)
            below = files(a, uri.removeprefix("mlflow-artifacts:/"))
            expect(any(f["path"] == "MLmodel" for f in below), f"{uri}: {below}")


def later_changes_come_over():
    """People import to look, work on, and import again before they switch."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(STORES / "3.11-files", folder / "old")
        with Server(BINARY, folder / "a") as a:
            moved(a, "import", "mlflow", str(folder / "old/mlruns"))
            meta = next(m for m in (folder / "old").rglob("meta.yaml") if "still running" in m.read_text())
            meta.write_text(meta.read_text().replace("status: 1", "status: 3")
                            .replace("end_time: null", "end_time: 1700000009999"))
            (meta.parent / "metrics").mkdir(exist_ok=True)
            (meta.parent / "metrics/late").write_text("1700000009000 0.5 1\n")
            report = moved(a, "import", "mlflow", str(folder / "old/mlruns"))
            expect(report["runs"]["brought"] == 1 and report["runs"]["already_there"] == 4, f"{report['runs']}")
            run = a.get("/api/2.0/mlflow/runs/get", run_id=meta.parent.name).json()["run"]
            expect(run["info"]["status"] == "FINISHED" and run["info"]["end_time"] == 1700000009999, f"{run}")
            expect(len(history(a, meta.parent.name, "late")) == 1, "the new point is missing")


def wrong_places_are_refused():
    with tempfile.TemporaryDirectory() as name, Server(BINARY, pathlib.Path(name) / "a") as a:
        folder = pathlib.Path(name)
        (folder / "text").write_text("no database")
        for place, words in ((str(folder / "absent"), "not found"), (str(folder / "text"), "is a file"),
                             (str(folder), "no mlruns folder"), (f"sqlite:///{folder}/text", "cannot be read"),
                             ("ftp://x/y", "Cannot import from"), ("http://127.0.0.1:1", "does not answer"),
                             (f"sqlite:///{folder}/a/millwright.db", "a database of Millwright")):
            done = a.cli("import", "mlflow", place, check=False)
            expect(done.returncode == 1 and words in done.stderr, f"{place}: {done.returncode} {done.stderr}")
        done = a.cli("import", "mlflow", str(STORES / "3.11-files/mlruns"), "--experiment", "nowhere", check=False)
        expect(done.returncode == 1 and "nowhere" in done.stderr, done.stderr)


def one_experiment_comes_alone():
    with tempfile.TemporaryDirectory() as name, Server(BINARY, pathlib.Path(name) / "a") as a:
        report = moved(a, "import", "mlflow", f"sqlite:///{STORES}/3.11-sqlite/mlflow.db", "--experiment", "old trials")
        expect(report["runs"]["found"] == 1 and report["models"]["found"] == 0, f"{report}")


def postgres_store(postgres):
    """Loads a database of MLflow's and returns its address."""
    uri = postgres.new_database()
    name = uri.split("///")[1].split("?")[0]
    subprocess.run([str(postgres.BIN / "psql"), "-q", "-h", str(postgres.folder), "-U", "millwright", "-v",
                    "ON_ERROR_STOP=1", "-f", str(STORES / "3.11-postgres/dump.sql"), name],
                   check=True, stdout=subprocess.DEVNULL)
    return uri


with Postgres() as cluster:
    tests = [(f"a store stays whole: {store}", lambda s=store: stays_whole(
        s, str(STORES / s / "mlruns") if s.endswith("files") else f"sqlite:///{STORES}/{s}/mlflow.db", cluster))
        for store in ("3.11-files", "3.11-sqlite", "2.17-sqlite", "1.26-sqlite", "1.6-sqlite", "1.6-files")]
    tests += [
        ("a store stays whole: 3.11-postgres", lambda: stays_whole(
            "3.11-postgres", postgres_store(cluster), cluster, "--artifact-root", str(STORES / "3.11-postgres/mlartifacts"))),
        ("a store goes into an MLflow server", lambda: goes_into_mlflow(cluster)),
        ("what a server refuses is named", refused_things_are_named),
        ("an export goes on after a crash", goes_on_after_a_crash),
        ("another Millwright keeps ids", another_millwright_keeps_ids),
        ("a version's files are found", version_files_are_found),
        ("later changes come over", later_changes_come_over),
        ("wrong places are refused", wrong_places_are_refused),
        ("one experiment comes alone", one_experiment_comes_alone),
    ]
    run_tests(tests)
