#!/usr/bin/env python3
"""A disk that is full in the middle of a load: refused calls, nothing lost, and all goes on with space.

usage: full_disk.py BINARY

The disk is a small one in memory, mounted where only this process and its children see it.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ALONE = ["unshare", "--map-root-user", "--mount"]
NOT_RUN = 77  # CMakeLists.txt tells ctest that this status means so
DISK_MIB = 48
BALLAST_MIB = 40
BATCH = 1000
BATCHES_MAX = 2000
REFUSED = 20


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


def main():
    if subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        print("not run: no disk can be mounted here")
        sys.exit(NOT_RUN)
    if len(sys.argv) < 3:
        os.execvp(ALONE[0], [*ALONE, sys.executable, __file__, str(BINARY), "--alone"])
    folder = pathlib.Path("/mnt")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", str(folder)], check=True)
    run_tests([("a disk that is full in mid-load loses nothing", lambda: full_in_mid_load(folder))])


main()
