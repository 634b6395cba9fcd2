#!/usr/bin/env python3
"""A disk that is full in the middle of a load: refused calls, nothing lost, and all goes on with space; of metrics, and of
the prediction log.

usage: full_disk.py BINARY

The disk is a small one in memory, mounted where only this process and its children see it.
"""
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, register  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ALONE = ["unshare", "--map-root-user", "--mount"]
NOT_RUN = 77  # CMakeLists.txt tells ctest that this status means so
DISK_MIB = 48
BALLAST_MIB = 40
BATCH = 1000
BATCHES_MAX = 2000
REFUSED = 20
START_MS = 1_000_000_000_000  # in 2001


def fill(server, run_id):
    """Logs batches until the disk refuses several; tells the steps of those acknowledged."""
    acknowledged, refused, step = [], [], 0
    while len(refused) < REFUSED:
        expect(step < BATCHES_MAX * BATCH, "the disk was never full")
        answer = server.post("/api/2.0/mlflow/runs/log-batch", {"run_id": run_id, "metrics": [
            {"key": "loss", "value": s * 0.5, "timestamp": s, "step": s}
            for s in range(step, step + BATCH)]})
        if answer.status == 200:
            acknowledged.extend(range(step, step + BATCH))
        else:
            refused.append(answer)
        step += BATCH
    return acknowledged, refused


def history(server, run_id):
    points, token = {}, ""
    while True:
        answer = server.get("/api/2.0/mlflow/metrics/get-history", run_id=run_id, metric_key="loss",
                            max_results=25000, page_token=token).json()
        for metric in answer.get("metrics", []):
            step = int(metric.get("step", 0))
            expect(step not in points, f"step {step} is doubled")
            points[step] = metric["value"]
        token = answer.get("next_page_token", "")
        if not token:
            return points


def check(server, run_id, acknowledged):
    points = history(server, run_id)
    lost = [s for s in acknowledged if points.get(s) != s * 0.5]
    expect(not lost, f"{len(lost)} of {len(acknowledged)} acknowledged points are lost")


def full_in_mid_load(folder):
    ballast = folder / "ballast"
    ballast.write_bytes(b"\0" * (BALLAST_MIB << 20))
    with Server(BINARY, folder / "data") as server:
        run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]
        run_id = run["info"]["run_id"]
        acknowledged, refused = fill(server, run_id)
        codes = {(a.status, a.json().get("error_code")) for a in refused}
        expect(all(status in (429, 503, 507) for status, _ in codes), f"refused with {codes}")
        expect(b"disk" in refused[0].body, f"does not name the disk: {refused[0].body[:200]}")
        upload = server.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/big.bin",
                                b"x" * (8 << 20), {"Content-Type": "application/octet-stream"})
        expect(upload.status in (429, 503, 507), f"an upload was answered {upload.status}")
        # What can be read is still read.
        check(server, run_id, acknowledged)
        ballast.unlink()
        server.mlflow("runs/log-metric", {"run_id": run_id, "key": "after", "value": 1,
                                          "timestamp": 1, "step": 1})
        again = server.request("PUT", "/api/2.0/mlflow-artifacts/artifacts/big.bin",
                               b"x" * (8 << 20), {"Content-Type": "application/octet-stream"})
        expect(again.status == 200, f"an upload with space: {again.status} {again.body[:200]}")
        check(server, run_id, acknowledged)
        server.kill()
        server.start()
        check(server, run_id, acknowledged)


def push(server, first, count=1000):
    rows = "".join(json.dumps({"id": f"p{n}", "time_ms": START_MS + n * 1000, "output_probability": n % 10 / 10,
                               "input_words": f"{n * 7919 % 1000003} " * 20}) + "\n" for n in range(first, first + count))
    return server.request("PUT", "/api/v1/prediction-logs/shop?filename=rows.jsonl", rows.encode(),
                          {"Content-Type": "application/octet-stream"})


def event(server, number, kind, body):
    return server.request("POST", "/api/v1/prediction-logs/shop/events?column=a", json.dumps(body), {
        "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": f"e{number}", "ce-source": "http://predictor",
        "ce-type": f"org.kubeflow.serving.inference.{kind}"})


def lost(server):
    return int(float(re.search(r"^millwright_prediction_log_lost_total (\S+)", server.get("/metrics").body.decode(), re.M)[1]))


def until(server, claim, what, seconds=300):
    deadline = time.monotonic() + seconds
    while not claim():
        expect(time.monotonic() < deadline, f"{what} did not happen within {seconds} s")
        expect(server.process.poll() is None, f"the server ended before {what}: {server.log()[-2000:]}")
        try:
            server.process.wait(0.1)
        except subprocess.TimeoutExpired:
            pass


def check_log(server, acknowledged):
    """Every acknowledged prediction once; what was refused may be there too, but not twice."""
    answer = server.post("/api/v1/endpoints/shop/predictions/query", {
        "sql": "SELECT count(*), count(DISTINCT id) FROM predictions WHERE id LIKE 'p%'"})
    expect(answer.status == 200, f"the log is not read: {answer.status} {answer.body[:300]}")
    total, distinct = answer.json()["rows"][0]
    expect(total == distinct, f"{total - distinct} predictions are doubled")
    expect(total >= acknowledged, f"{acknowledged - total} of {acknowledged} acknowledged predictions are lost")
    return total


def full_log(folder):
    ballast = folder / "ballast"
    ballast.write_bytes(b"\0" * (BALLAST_MIB << 20))
    with Server(BINARY, folder / "data") as server:
        acknowledged, refused, number = [], [], 0
        while len(refused) < REFUSED:
            expect(number < BATCHES_MAX, "the disk was never full")
            answer = push(server, number * 1000)
            if answer.status == 200:
                acknowledged.append(number)
            else:
                refused.append(answer)
            number += 1
        expect(acknowledged, "nothing was taken")
        expect(all(answer.status in (429, 503, 507) for answer in refused), f"refused with {refused[0].status} {refused[0].body}")
        # Events are refused too, and each row that could not be written is counted.
        # A Parquet file that was begun frees its room when it fails: an event may be taken then, and must be there.
        before, taken, refused_events = lost(server), [], 0
        deadline = time.monotonic() + 60
        for number_of_event in itertools.count():
            expect(time.monotonic() < deadline, f"{len(taken)} events were taken, {refused_events} refused on a full disk")
            fill_up(folder)
            expect(event(server, f"f{number_of_event}", "request", {"instances": [[1]]}).status == 200, "the half of a pair waits")
            answer = event(server, f"f{number_of_event}", "response", {"predictions": [0.5]})
            if answer.status == 200:
                taken.append(f"ef{number_of_event}")
                continue
            expect(answer.status in (429, 503, 507), f"an event: {answer.status} {answer.body[:200]}")
            refused_events += 1
            if refused_events == 3:
                break
        until(server, lambda: lost(server) >= before + 3, "three lost predictions are counted", 60)
        expect("Predictions could not be written" in server.log(), "the log says nothing of it")
        # All else goes on: questions are answered, and the rows stay where they are.
        expect(server.get("/health").status == 200, "not healthy")
        stored = check_log(server, 1000 * len(acknowledged))
        summary = server.get("/api/v1/prediction-logs/shop/summary").json()
        expect(summary["predictions"] == stored + len(taken), f"{summary['predictions']} of {stored} and {len(taken)}")
        # With room again it writes on, without a start.
        (folder / "filler").unlink()
        ballast.unlink()
        answer = push(server, number * 1000)
        expect(answer.status == 200, f"with room: {answer.status} {answer.body[:300]}")
        acknowledged.append(number)
        for kind, body in (("request", {"instances": [[1]]}), ("response", {"predictions": [0.5]})):
            expect(event(server, 9, kind, body).status == 200, "an event, with room")

        def events():
            return [row[0] for row in server.post("/api/v1/endpoints/shop/predictions/query", {
                "sql": "SELECT id FROM predictions WHERE id NOT LIKE 'p%'"}).json()["rows"]]

        until(server, lambda: any("e9" in name for name in events()), "the event's prediction is there")
        found = events()
        expect(all(any(name.endswith(wanted) for name in found) for wanted in taken), f"of {taken} {found} are there")
        check_log(server, 1000 * len(acknowledged))
        server.kill()
        server.start()
        check_log(server, 1000 * len(acknowledged))
        segments = folder / "data" / "predictions" / "segments"
        until(server, lambda: len(list(segments.glob("*.log"))) <= 1, "all closed segments are Parquet")
        check_log(server, 1000 * len(acknowledged))


def fill_up(folder):
    """Leaves not a byte."""
    try:
        with open(folder / "filler", "ab", buffering=0) as filler:
            while True:
                filler.write(b"\0" * 4096)
    except OSError:
        pass


def full_log_of_an_endpoint(folder):
    """Callers are answered, what could not be written is counted, and the rest is there with room and after kill -9."""
    with Server(BINARY, folder / "data") as server:
        version = register(server, "cancer")
        answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version})
        expect(answer.status == 200, f"{answer.status} {answer.body}")
        request = json.loads((MODELS / "breast_cancer_lr/vectors.json").read_text())["cases"][0]["request"]

        numbers = itertools.count()

        def ask(count):
            answers = [server.post("/v2/models/cancer/infer", {**request, "id": f"r{next(numbers)}"}) for _ in range(count)]
            expect([answer.status for answer in answers] == [200] * count, f"{[(a.status, a.body[:200]) for a in answers if a.status != 200][:1]}")

        def logged():
            answer = server.post("/api/v1/endpoints/cancer/predictions/query",
                                 {"sql": "SELECT count(*), count(DISTINCT id) FROM predictions"})
            expect(answer.status == 200, f"the log is not read: {answer.status} {answer.body[:300]}")
            total, distinct = answer.json()["rows"][0]
            expect(total == distinct, f"{total - distinct} predictions are doubled")
            return total

        ask(20)
        until(server, lambda: logged() == 20, "what was served is logged", 60)
        fill_up(folder)
        before = lost(server)
        ask(200)  # a page that was begun has room for a few more
        until(server, lambda: logged() + lost(server) - before == 220, "each row is logged or counted as lost", 60)
        expect(lost(server) > before, "none was lost on a full disk")
        expect(server.get("/health").status == 200, "not healthy")
        kept, gone = logged(), lost(server)
        (folder / "filler").unlink()
        ask(30)
        until(server, lambda: logged() == kept + 30, "with room it is logged again", 60)
        expect(lost(server) == gone, "a row was lost although there was room")
        server.kill()
        server.start()
        expect(logged() == kept + 30, f"{logged()} rows after kill -9, {kept + 30} before")


def full_amid_merges(folder):
    """Without room neither Parquet nor merges can be written: the files that are there stay, and are merged later."""
    files = folder / "data" / "predictions" / "predictions" / "shop"
    with Server(BINARY, folder / "data") as server:
        rounds = 20
        for number in range(rounds):  # a start turns what the last one left into Parquet
            expect(push(server, number * 100, 100).status == 200, "not pushed")
            if number == rounds - 2:
                server.stop()
                filler = folder / "filler"
                server.start()
                try:
                    with open(filler, "ab", buffering=0) as out:
                        while True:
                            out.write(b"\0" * 4096)
                except OSError:
                    pass
                check_log(server, 100 * (number + 1))
                server.kill()
                server.start()
                check_log(server, 100 * (number + 1))
                filler.unlink()
            server.kill()
            server.start()
        check_log(server, 100 * rounds)
        until(server, lambda: len(list(files.rglob("*.parquet"))) < 16, "files are merged when there is room")
        expect(check_log(server, 100 * rounds) == 100 * rounds, "other rows than were sent")
        expect(not list((folder / "data" / "predictions" / "work").iterdir()), "what could not be written lies about")


def full_cache_of_models(folder):
    """Models that are new in a store are seen though the cache of a model server has no room for their list."""
    cancer, ridge = ((MODELS / name / "model.onnx").read_bytes() for name in ("breast_cancer_lr", "diabetes_ridge"))

    def put(s3, name, data):
        # s3rver lists a folder only when a file is in it or in a folder of it.
        s3.put(f"models/{name}/config.pbtxt", b"")
        s3.put(f"models/{name}/1/model.onnx", data)

    def wait_for(server, states):
        end = time.monotonic() + 60
        while (found := {name: state for (name, _), (state, _) in server.index().items()}) != states:
            expect(time.monotonic() < end, f"{found}, not {states}: {server.index()}")

    with S3Server() as s3:
        put(s3, "a", cancer)
        words = ("--model-store", f"{s3.root}/models", "--cache", folder / "cache", "--poll", "0.2")
        with ModelServer(BINARY, *words, environment=s3.environment) as server:
            wait_for(server, {"a": "READY"})
            filler = folder / "filler"
            try:
                with open(filler, "ab", buffering=0) as out:
                    while True:
                        out.write(b"\0" * 4096)
            except OSError:
                pass
            put(s3, "b", cancer)  # the same files, so that the cache has them
            put(s3, "c", ridge)
            wait_for(server, {"a": "READY", "b": "READY", "c": "UNAVAILABLE"})
            reason = server.index()["c", "1"][1]
            expect("No space left" in reason or "Cannot write" in reason, f"why c is not there: {reason}")
            s3.kill()
            server.wait_for_line("a model store does not answer")
            expect({name for name, _ in server.index()} == {"a", "b", "c"}, f"{server.index()}")
            s3.start()
            server.wait_for_line("a model store answers again")
            said = [line for line in server.log if "the cache cannot be written: its store" in line]
            expect(len(said) == 1, f"said {len(said)} times: {said}")
            filler.unlink()
            wait_for(server, {"a": "READY", "b": "READY", "c": "READY"})
            server.wait_for_line("the cache can be written again")


def main():
    if subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        print("not run: no disk can be mounted here")
        sys.exit(NOT_RUN)
    if len(sys.argv) < 3:
        os.execvp(ALONE[0], [*ALONE, sys.executable, __file__, str(BINARY), "--alone"])
    folder = pathlib.Path("/mnt")

    def on_a_disk(test):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", str(folder)], check=True)
        try:
            test(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    run_tests([("a disk that is full in mid-load loses nothing", lambda: on_a_disk(full_in_mid_load)),
               ("a full disk loses no acknowledged prediction", lambda: on_a_disk(full_log)),
               ("a full disk costs no caller of an endpoint the answer", lambda: on_a_disk(full_log_of_an_endpoint)),
               ("a full disk amid merges keeps the files", lambda: on_a_disk(full_amid_merges)),
               ("a full cache hides no model of a store", lambda: on_a_disk(full_cache_of_models))])


main()
