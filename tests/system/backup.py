#!/usr/bin/env python3
"""Backs up servers that are at work, breaks backups in every way and restores them. usage: backup.py BINARY"""
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.contents import contents, files, pages, same  # noqa: E402
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = sys.argv[1]
STORES = ROOT / "tests/data/mlflow-stores"
PASSWORD = "first-admin-password"
CREDENTIALS = {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": PASSWORD}
METRICS_PER_BATCH = 40
WRITERS = 4
BATCHES_BETWEEN = 60  # of all writers, between two backups


def run(*words, status=0, **how):
    """Runs a command that needs no server; returns its JSON answer, or what it said when it fails."""
    done = subprocess.run([BINARY, *map(str, words), "--json"], capture_output=True, text=True, **how)
    if done.returncode != status:
        raise Failure(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout else done.stderr


def options(server):
    return ["--data", server.data, *(["--backend-store-uri", server.backend] if server.backend else [])]


def damaged(folder):
    return run("restore", folder, "--check", status=1)["backups"]


def uploaded(path):
    """What Load writes to a file."""
    return hashlib.sha256(path.encode()).digest() * 2000


class Load:
    """Writers that log, each batch with metrics, a param and a tag, and upload a file now and then."""

    def __init__(self, server):
        self.server, self.ends, self.failures = server, threading.Event(), []
        self.lock = threading.Condition()
        self.acknowledged = {}  # run id → how many batches
        self.uploads = {}  # path → digest
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(WRITERS)]

    def write(self, number):
        try:
            while not self.ends.is_set():
                run_id = self.server.mlflow("runs/create", {
                    "experiment_id": "0", "run_name": f"writer {number}"})["run"]["info"]["run_id"]
                for batch in range(40):
                    if self.ends.is_set():
                        return
                    self.server.mlflow("runs/log-batch", {
                        "run_id": run_id,
                        "metrics": [{"key": f"m{k}", "value": batch + k / 100, "timestamp": batch, "step": batch}
                                    for k in range(METRICS_PER_BATCH)],
                        "params": [{"key": f"p{batch}", "value": str(batch)}],
                        "tags": [{"key": "last", "value": str(batch)}]})
                    if batch % 10 == 0:
                        self.upload(run_id, batch)
                    with self.lock:
                        self.acknowledged[run_id] = batch + 1
                        self.lock.notify_all()
        except Exception as error:  # told by the test
            self.failures.append(error)

    def upload(self, run_id, batch):
        path = f"0/{run_id}/artifacts/file-{batch}.bin"
        body = uploaded(path)
        answer = self.server.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/" + path, body)
        expect(answer.status == 200, f"upload: {answer.status} {answer.body}")
        with self.lock:
            self.uploads[path] = hashlib.sha256(body).hexdigest()

    def wait_for(self, batches):
        with self.lock:
            enough = self.lock.wait_for(lambda: sum(self.acknowledged.values()) >= batches or self.failures, 60)
        expect(enough and not self.failures, f"the load did not run: {self.failures}")

    def seen(self):
        with self.lock:
            return dict(self.acknowledged), dict(self.uploads)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()


def check_restored(server, acknowledged, uploads):
    """Every write that was acknowledged is there, and every batch is there whole or not at all."""
    runs = {r["info"]["run_id"]: r for r in pages(lambda token: server.mlflow("runs/search", {
        "experiment_ids": ["0"], "max_results": 1000, "page_token": token}), "runs")}
    for run_id, batches in acknowledged.items():
        expect(run_id in runs, f"run {run_id} was acknowledged and is gone")
        found = len(runs[run_id]["data"].get("params", []))
        expect(found >= batches, f"run {run_id}: {found} of {batches} acknowledged batches")
    for run_id, found in runs.items():
        data = found.get("data", {})
        batches = {int(p["value"]) for p in data.get("params", [])}
        expect(batches == set(range(len(batches))), f"run {run_id} has holes: {batches}")
        last = {t["key"]: t["value"] for t in data.get("tags", [])}.get("last")
        expect(last == (str(len(batches) - 1) if batches else None), f"run {run_id}: the tag says {last}")
        for k in (0, METRICS_PER_BATCH - 1) if batches else ():
            steps = [m["step"] for m in server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id,
                                                   metric_key=f"m{k}").json()["metrics"]]
            expect(sorted(map(int, steps)) == sorted(batches), f"run {run_id}, m{k}: {steps} of {batches}")
        for file in files(server, f"0/{run_id}/artifacts"):
            path = f"0/{run_id}/artifacts/{file['path']}"
            body = server.get("/api/2.0/mlflow-artifacts/artifacts/" + path).body
            expect(body == uploaded(path), f"{path} has {len(body)} bytes that were not uploaded")
            # A file whose row was not committed yet when the database was read comes without a checksum.
            if file["sha256"] is None:
                continue
            expect(hashlib.sha256(body).hexdigest() == file["sha256"], f"{path} is not what its row says")
            uploads.pop(path, None)
    expect(not uploads, f"uploads are gone: {uploads}")


def keeps_what_was_acknowledged(backend, target):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a", backend=backend) as a:
            with Load(a) as load:
                for share in range(1, 4):
                    load.wait_for(share * BATCHES_BETWEEN)
                    acknowledged, uploads = load.seen()
                    report = run("backup", folder / "backups", *options(a))
                    expect(not report["missing"], f"missing: {report['missing']}")
            expect(not load.failures, f"{load.failures}")
        words = ["--backend-store-uri", target] if target else []
        report = run("restore", folder / "backups", "--data", folder / "b", *words)
        expect(not report["missing"], f"{report}")
        with Server(BINARY, folder / "b", backend=target) as b:
            check_restored(b, acknowledged, uploads)
            b.mlflow("runs/create", {"experiment_id": "0"})


def says_the_same(cluster, kinds):
    """A full store goes from one kind of database to the next, and each restored server says the same."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        backends = [cluster.new_database() if kind == "postgres" else "" for kind in kinds]
        with Server(BINARY, folder / "0", "--auth", "basic", backend=backends[0],
                    environment={"MILLWRIGHT_ADMIN_PASSWORD": PASSWORD}) as a:
            a.stop()  # the first user is made
        with Server(BINARY, folder / "0", backend=backends[0]) as a:
            a.cli("import", "mlflow", str(STORES / "3.11-files/mlruns"))
            first = contents(a)
            for i, backend in enumerate(backends[1:], 1):
                before = folder / str(i - 1)
                run("backup", folder / f"backups{i}", "--data", before,
                    *(["--backend-store-uri", backends[i - 1]] if backends[i - 1] else []))
                run("restore", folder / f"backups{i}", "--data", folder / str(i),
                    *(["--backend-store-uri", backend] if backend else []))
                with Server(BINARY, folder / str(i), backend=backend) as b:
                    same(f"from {kinds[i - 1]} to {kinds[i]}", first, contents(b))
                    for run_id, found in first["runs"].items():
                        path = f"{found['info']['experiment_id']}/{run_id}/artifacts"
                        same("files", {"files": files(a, path)}, {"files": files(b, path)})
                # Users and their passwords come along.
                with Server(BINARY, folder / str(i), "--auth", "basic", backend=backend) as b:
                    done = b.cli("experiments", "list", check=False)
                    expect(done.returncode == 1, "a restored server with users let a stranger in")
                    b.cli("experiments", "list", environment=CREDENTIALS)


def many_files(folder, count=400, size=20_000):
    """A data folder with a database and files enough that copying them takes a while."""
    with Server(BINARY, folder):
        pass
    below = folder / "artifacts/0"
    below.mkdir(parents=True)
    for i in range(count):
        (below / f"{i}.bin").write_bytes(os.urandom(size))


def interrupt(folder, backups, how):
    """Sends a signal to a backup that has copied a part; returns its exit status."""
    process = subprocess.Popen([BINARY, "backup", str(backups), "--data", str(folder)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    objects = backups / "objects"
    while not (objects.exists() and len(list(objects.iterdir())) >= 20):
        expect(process.poll() is None, "the backup ended before it could be interrupted")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.001)
    process.send_signal(how)
    return process.wait()


def leaves_no_half_backup(how, status):
    with tempfile.TemporaryDirectory() as name:
        folder, backups = pathlib.Path(name) / "a", pathlib.Path(name) / "backups"
        many_files(folder)
        expect(interrupt(folder, backups, how) == status, "the backup was not interrupted")
        expect(not list((backups / "backups").iterdir()), "a backup that did not end looks whole")
        words = run("restore", backups, "--data", pathlib.Path(name) / "b", status=1)
        expect("not found" in words, words)
        report = run("backup", backups, "--data", folder)
        expect(20 <= report["objects_added"] < 400, f"it did not go on where it was: {report}")
        expect(not list((backups / "incoming").iterdir()), "leftovers stayed")
        run("restore", backups, "--data", pathlib.Path(name) / "b")
        for path in (folder / "artifacts/0").iterdir():
            restored = pathlib.Path(name) / "b/artifacts/0" / path.name
            expect(restored.read_bytes() == path.read_bytes(), f"{path.name} differs")


def a_full_disk_is_told():
    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    with tempfile.TemporaryDirectory() as name:
        folder, backups = pathlib.Path(name) / "a", pathlib.Path(name) / "backups"
        many_files(folder, count=3)
        (folder / "artifacts/0/large.bin").write_bytes(os.urandom(200_000))
        words = run("backup", backups, "--data", folder, status=1, preexec_fn=small_files_only)
        expect("No space left for the backup" in words, words)
        expect(not list((backups / "backups").iterdir()), "a backup that did not end looks whole")
        run("backup", backups, "--data", folder)
        words = run("restore", backups, "--data", pathlib.Path(name) / "b", status=1, preexec_fn=small_files_only)
        expect("No space left" in words, words)
        expect(not (pathlib.Path(name) / "b").exists(), "a restore that failed left something")
        expect(not (pathlib.Path(name) / "b.restoring").exists(), "a restore that failed left something")
        run("restore", backups, "--data", pathlib.Path(name) / "b")


def a_flipped_byte_is_found():
    with tempfile.TemporaryDirectory() as name:
        folder, backups = pathlib.Path(name) / "a", pathlib.Path(name) / "backups"
        many_files(folder, count=5)
        run("backup", backups, "--data", folder)
        digest = hashlib.sha256((folder / "artifacts/0/3.bin").read_bytes()).hexdigest()
        path = backups / "objects" / digest[:2] / digest[2:]
        body = bytearray(path.read_bytes())
        body[777] ^= 4
        path.chmod(0o600)
        path.write_bytes(body)
        [found] = damaged(backups)
        expect(found["damaged"] == ["artifacts/0/3.bin"], f"{found}")
        words = run("restore", backups, "--data", pathlib.Path(name) / "b", status=1)
        expect("nothing was restored" in words and "artifacts/0/3.bin" in words, words)
        expect(not (pathlib.Path(name) / "b").exists(), "a damaged backup was restored")
        # Without the damaged object the next backup stores it again.
        path.unlink()
        run("backup", backups, "--data", folder)
        run("restore", backups, "--check")


def a_newer_schema_is_refused():
    with tempfile.TemporaryDirectory() as name:
        folder, backups = pathlib.Path(name) / "a", pathlib.Path(name) / "backups"
        many_files(folder, count=1)
        report = run("backup", backups, "--data", folder)
        old = backups / "backups" / f"{report['backup']}.json"
        manifest = json.loads(old.read_text())
        manifest["database"]["migrations"].append({"number": 4000, "name": "wings", "sha256": "ab"})
        text = json.dumps(manifest)
        old.unlink()
        time_name = report["backup"].split("-")[0]
        (old.parent / f"{time_name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json").write_text(text)
        words = run("restore", backups, "--data", pathlib.Path(name) / "b", status=1)
        expect("newer version of this program: it has migration 4000_wings" in words, words)
        expect(not (pathlib.Path(name) / "b").exists(), "it was restored nevertheless")


def addresses_follow_the_folder():
    """Where artifacts are not proxied, rows hold the folder's path."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Server(BINARY, folder / "a", "--serve-artifacts=false") as a:
            made = a.mlflow("experiments/create", {"name": "direct"})["experiment_id"]
            uri = a.get("/api/2.0/mlflow/experiments/get", experiment_id=made).json()["experiment"]["artifact_location"]
            expect(str(folder / "a/artifacts") in uri, uri)
            run("backup", folder / "backups", "--data", a.data)
        run("restore", folder / "backups", "--data", folder / "b")
        with Server(BINARY, folder / "b", "--serve-artifacts=false") as b:
            moved = b.get("/api/2.0/mlflow/experiments/get", experiment_id=made).json()["experiment"]["artifact_location"]
            expect(moved == uri.replace(str(folder / "a/"), str(folder / "b/")), f"{uri} became {moved}")


def a_bucket_is_not_in_it():
    """Artifacts in S3 stay where they are; the backup says so, misses nothing and restores to a server that reads them."""
    with S3Server() as bucket, tempfile.TemporaryDirectory(prefix="backup-") as folder:
        folder = pathlib.Path(folder)
        destination = ("--artifacts-destination", "s3://bucket/root")
        with Server(BINARY, folder / "data", *destination, environment=bucket.environment) as server:
            expect(server.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/a/b", b"bytes").status == 200, "an upload")
            done = server.cli("backup", str(folder / "backups"), "--data", str(folder / "data"), *destination, "--json", environment=bucket.environment)
            said = json.loads(done.stdout)
            expect((said["holds_artifacts"], said["artifacts"], said["missing"]) == (False, "s3://bucket/root", []), said)
            words = server.cli("backup", str(folder / "backups"), "--data", str(folder / "data"), *destination, environment=bucket.environment).stdout
            expect("s3://bucket/root and not in this backup" in words, words)
            server.cli("restore", str(folder / "backups"), "--data", str(folder / "restored"))
        with Server(BINARY, folder / "restored", *destination, environment=bucket.environment) as server:
            answer = server.get("/api/2.0/mlflow-artifacts/artifacts/a/b")
            expect((answer.body, "Repr-Digest" in answer.headers) == (b"bytes", True), f"the restored server reads it: {answer.status}")


def wrong_places_are_refused():
    with tempfile.TemporaryDirectory() as name:
        folder, backups = pathlib.Path(name) / "a", pathlib.Path(name) / "backups"
        many_files(folder, count=1)
        for place, words in ((folder / "inside", "inside of what it saves"), (folder, "holds something, but no backups")):
            said = run("backup", place, "--data", folder, status=1)
            expect(words in said, f"{place}: {said}")
        said = run("backup", backups, "--data", pathlib.Path(name) / "nowhere", status=1)
        expect("not found" in said.lower(), said)
        run("backup", backups, "--data", folder)
        with open(backups / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            said = run("backup", backups, "--data", folder, status=1)
            expect("Another backup or restore is at work" in said, said)
        said = run("restore", backups, "--data", folder, status=1)
        expect("--replace" in said, said)
        said = run("restore", backups, "--backup", "x", "--data", pathlib.Path(name) / "b", status=1)
        expect("not found" in said.lower(), said)


with Postgres() as postgres:
    run_tests([
        ("under load nothing acknowledged is lost: SQLite", lambda: keeps_what_was_acknowledged("", "")),
        ("under load nothing acknowledged is lost: PostgreSQL", lambda: keeps_what_was_acknowledged(
            postgres.new_database(), postgres.new_database())),
        ("restored servers say the same, through both databases",
         lambda: says_the_same(postgres, ["sqlite", "postgres", "postgres", "sqlite", "sqlite"])),
        ("kill -9 leaves no half backup", lambda: leaves_no_half_backup(signal.SIGKILL, -signal.SIGKILL)),
        ("Ctrl-C leaves no half backup", lambda: leaves_no_half_backup(signal.SIGINT, 1)),
        ("a full disk is told", a_full_disk_is_told),
        ("a flipped byte is found", a_flipped_byte_is_found),
        ("a newer schema is refused", a_newer_schema_is_refused),
        ("addresses follow the folder", addresses_follow_the_folder),
        ("wrong places are refused", wrong_places_are_refused),
        ("a bucket is not in it", a_bucket_is_not_in_it),
    ])
