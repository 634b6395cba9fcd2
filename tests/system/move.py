#!/usr/bin/env python3
"""Moves stores that MLflow itself wrote into real servers, out again and between them. usage: move.py BINARY"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.contents import contents, files, history, same  # noqa: E402
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402

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
        ("a version's files are found", version_files_are_found),
        ("later changes come over", later_changes_come_over),
        ("wrong places are refused", wrong_places_are_refused),
        ("one experiment comes alone", one_experiment_comes_alone),
    ]
    run_tests(tests)
