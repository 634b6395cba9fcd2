#!/usr/bin/env python3
"""Garbage collection end to end, on both databases and both stores: kill -9 in the middle of it, artifact roots that clients
write to themselves, files that nobody knows, local copies of models.

usage: garbage.py BINARY
"""
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import models  # noqa: E402
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROOT = "/api/2.0/mlflow-artifacts/artifacts/"


@contextlib.contextmanager
def place(s3=False, postgres=None, options=()):
    """A server, and how many files its artifact store holds."""
    with contextlib.ExitStack() as stack:
        data = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="garbage-"))) / "data"
        files, environment = data / "artifacts", {}
        if s3:
            bucket = stack.enter_context(S3Server())
            options, environment = ("--artifacts-destination", "s3://bucket/root", *options), bucket.environment
            files = pathlib.Path(bucket.folder.name) / "data/bucket/root"
        server = Server(BINARY, data, *options, environment=environment, backend=postgres.new_database() if postgres else "")
        stack.enter_context(server)
        yield server, lambda: count_files(files)


def count_files(folder):
    found = (name for _, _, names in os.walk(folder) for name in names)
    return sum(1 for name in found if "._S3rver_" not in name or name.endswith("_object"))


def put(server, path, data=b"bytes"):
    answer = server.request("PUT", ROOT + path, data)
    expect(answer.status == 200, f"PUT {path}: {answer.status} {answer.body[:200]}")


def make_run(server, name="run"):
    info = server.mlflow("runs/create", {"experiment_id": "0", "run_name": name, "start_time": 1})["run"]["info"]
    return info["run_id"], info["artifact_uri"]


def has_run(server, run):
    return server.get("/api/2.0/mlflow/runs/get", run_id=run).status == 200


def gc(server, *words):
    return json.loads(server.cli("gc", "--json", *words).stdout)["rows"]


def kill_in_mid_gc(s3, postgres):
    """Nothing that is to stay is lost, each run is there with its files or on its way out, and the next gc ends it."""
    with place(s3, postgres) as (server, files):
        def one(number):
            run, _ = make_run(server)
            for name in ("a", "b/c"):
                put(server, f"0/{run}/artifacts/{name}")
            if number % 2:
                server.mlflow("runs/delete", {"run_id": run})
            return run
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(one, range(40 if s3 else 120)))
        stays, goes = runs[0::2], runs[1::2]
        put(server, "0/deleted/file")
        server.request("DELETE", ROOT + "0/deleted")
        before, half = files(), len(stays) * 2 + len(goes)

        def collect():
            after = ""
            with contextlib.suppress(OSError, http.client.HTTPException):
                while after is not None:
                    after = server.post("/api/v1/gc", {"grace_ms": 0, "after": after}).json().get("after")
        at_work = threading.Thread(target=collect)
        at_work.start()
        while files() > half + len(goes) // 2:
            expect(at_work.is_alive(), "the collection ended before it could be killed")
        server.kill()
        at_work.join()
        expect(len(stays) * 2 < files() < before, f"killed in the middle: {files()} of {before} files are left")
        server.start()
        left = [run for run in goes if has_run(server, run)]
        expect(left, "some runs are still to go")
        for run in left + stays:
            for name in ("a", "b/c"):
                expect(server.get(f"{ROOT}0/{run}/artifacts/{name}").body == b"bytes", f"the files of {run}, which is still there")
        gc(server, "--older-than", "0s")
        expect(not any(has_run(server, run) for run in goes), "the deleted runs are gone")
        expect(all(has_run(server, run) for run in stays), "the others are there")
        expect(files() == len(stays) * 2, f"{files()} files are left of {len(stays) * 2} that were to stay")
        expect(gc(server, "--older-than", "0s", "--unknown") == [], "nothing is left to collect, and nothing is unknown")


def roots_that_clients_write_to():
    """With an s3:// or a local default root, the server lists, reads and collects what clients put there past it."""
    with S3Server() as bucket, tempfile.TemporaryDirectory(prefix="garbage-") as folder:
        local = pathlib.Path(folder) / "root"
        for number, (root, options) in enumerate((("s3://bucket/direct", ()), ("s3://bucket/direct", ("--no-serve-artifacts",)),
                                                  (str(local), ("--no-serve-artifacts",)), ("file://" + str(local), ()))):
            data = pathlib.Path(folder) / str(number)
            options = ("--default-artifact-root", root, *options)
            with Server(BINARY, data, *options, environment=bucket.environment) as server:
                run, uri = make_run(server)
                expect(uri == f"{root}/0/{run}/artifacts", uri)
                # Another server stands for a client that has the keys of the bucket.
                with Server(BINARY, data / "client", "--artifacts-destination", root, environment=bucket.environment) as client:
                    put(client, f"0/{run}/artifacts/model/MLmodel")
                    listed = server.get(f"/api/2.0/mlflow/artifacts/list?run_id={run}&path=model").json()
                    expect(listed["files"] == [{"path": "model/MLmodel", "is_dir": False, "file_size": 5}] and listed["root_uri"] == uri, listed)
                    expect(server.get(f"/get-artifact?run_id={run}&path=model/MLmodel").body == b"bytes", "the file of a direct root")
                    server.mlflow("runs/delete", {"run_id": run})
                    rows = gc(server, "--run-ids", run)
                    expect([(row["kind"], row["action"]) for row in rows] == [("run", "remove")], rows)
                    expect(client.get(f"{ROOT}0/{run}/artifacts/model/MLmodel").status == 404, "the files went with the run")


def a_root_out_of_reach():
    """A bucket that the server has no key for does not stop it; a destination that it has none for does."""
    with tempfile.TemporaryDirectory(prefix="garbage-") as folder:
        none = {name: "" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")} | {"HOME": folder, "AWS_EC2_METADATA_DISABLED": "true"}
        with Server(BINARY, pathlib.Path(folder) / "data", "--default-artifact-root", "s3://bucket/x", environment=none) as server:
            run, _ = make_run(server)
            expect(server.get("/api/2.0/mlflow/artifacts/list", run_id=run).json().get("files", []) == [], "nothing is listed")
            server.mlflow("runs/delete", {"run_id": run})
            expect("does not reach" in gc(server, "--run-ids", run)[0]["why"] and has_run(server, run), "the run stays")


def unknown_files():
    with place() as (server, files):
        run, _ = make_run(server)
        put(server, f"0/{run}/artifacts/a")
        stray = pathlib.Path(server.data) / "artifacts/0/stray"
        stray.mkdir()
        (stray / "file").write_text("who knows")
        expect(gc(server, "--older-than", "0s") == [], "unknown files are not looked for unasked")
        listed = gc(server, "--older-than", "0s", "--unknown")
        expect([(row["path"], row["action"], row["bytes"]) for row in listed] == [("0/stray", "keep", 9)], listed)
        expect([row["action"] for row in gc(server, "--remove-unknown")] == ["keep"], "a file of today is left alone")
        said = server.cli("gc", "--older-than", "0s", "--remove-unknown").stdout
        expect("1 removed" in said and not stray.exists(), said)
        deleted = server.get("/api/v1/artifacts/deleted").json()["deleted"]
        server.cli("artifacts", "restore", deleted[0]["id"])
        expect((stray / "file").read_text() == "who knows", "it can be brought back")


def copies_of_models():
    with place(s3=True) as (server, _):
        version = models.register(server, "cancer")
        answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version, "replicas": 1})
        expect(answer.status // 100 == 2, answer.body)
        copies = pathlib.Path(server.data) / "copies"
        expect(len(os.listdir(copies)) == 1, "a local copy of the model")
        # A replica of another version may be starting on it: only its age or a restart makes it garbage.
        expect([row["action"] for row in gc(server)] == ["keep"], "a copy that was just made")
        server.stop()
        server.start()
        expect("endpoint cancer" in gc(server)[0]["why"], "a copy that is served")
        expect(server.request("DELETE", "/api/v1/endpoints/cancer").status // 100 == 2, "the endpoint goes")
        rows = gc(server)
        expect([(row["kind"], row["action"]) for row in rows] == [("copy", "remove")] and os.listdir(copies) == [], rows)


def main():
    with Postgres() as postgres:
        kills = {f"kill -9 in the middle of gc, in {'S3' if s3 else 'a folder'} on {'PostgreSQL' if base else 'SQLite'}":
                 (lambda s3=s3, base=base: kill_in_mid_gc(s3, base))
                 for s3, base in itertools.product((False, True), (None, postgres))}
        run_tests({
            **kills,
            "roots that clients write to themselves": roots_that_clients_write_to,
            "a root out of reach": a_root_out_of_reach,
            "files that nobody knows": unknown_files,
            "copies of models": copies_of_models,
        }.items())


main()
