#!/usr/bin/env python3
"""Measures predictions over HTTP, in one run side by side: the model alone in process, a bare epoll loop with
the same model (the ceiling), `millwright serve` in each protocol with its prediction log, metrics and drift
counters on, over gRPC as well, the gateway of a server in front of one replica, and models that take longer or
gain by batches with the batcher off and as it decides by itself.

usage: bench/serving/run.py BUILD_DIR [SECONDS] [--only TEXT]

wrk loads each row for SECONDS (2) with 1, 8 and 32 connections. The steady figure is the CPU time of the
serving processes for a request; requests a second and latencies belong to the machine and to what else runs on
it. --only keeps the rows whose names hold TEXT. It needs wrk.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness.millwright import Server  # noqa: E402
from harness.models import register  # noqa: E402

MODELS = ROOT / "tests/data/models"
CONNECTIONS = (1, 8, 32)
TICKS = os.sysconf("SC_CLK_TCK")
LUA = """
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY"), "rb"):read("*a")
for name, value in os.getenv("HEADERS"):gmatch("([^:;]+):([^;]+)") do wrk.headers[name] = value end
done = function(summary, latency)
  local bad = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("%d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
                         latency:percentile(99), bad))
end
"""


def cpu_seconds(pid):
    """Of a process and its children."""
    total = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = path.read_text()
            fields = text[text.rindex(")") + 2:].split()
            if int(text.split()[0]) == pid or int(fields[1]) == pid:
                total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_mib(pid):
    pss = re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(pss.group(1)) / 1024


class Bench:
    def __init__(self, build, seconds, only, scratch):
        self.build, self.seconds, self.only, self.scratch = build, seconds, only, scratch
        (scratch / "post.lua").write_text(LUA)

    @contextlib.contextmanager
    def program(self, *command):
        """Runs a program that writes its port to a file; gives its process id and port."""
        port_file = self.scratch / "port"
        port_file.unlink(missing_ok=True)
        began = time.monotonic()
        with open(self.scratch / "log", "wb") as log:
            process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log)
        try:
            while not (port_file.exists() and port_file.read_text()):
                if process.poll() is not None or time.monotonic() > began + 20:
                    sys.exit(f"{command}: {(self.scratch / 'log').read_text()}")
                time.sleep(0.002)
            self.ready_s = time.monotonic() - began
            yield process.pid, int(port_file.read_text())
        finally:
            process.terminate()
            process.wait()

    def load(self, name, pid, url, body, headers=None, connections=CONNECTIONS):
        """One row of the table for each number of connections."""
        if self.only and self.only not in name:
            return
        (self.scratch / "body").write_bytes(body)
        headers = {"Content-Type": "application/json", **(headers or {})}
        answer = urllib.request.urlopen(urllib.request.Request(url, body, headers))
        if answer.status != 200:
            sys.exit(f"{name}: {answer.status}")
        for open_now in connections:
            rate, p50, p99, cpu, bad = self.measure(pid, url, headers, open_now)
            print(f"| {name} | {open_now} | {rate:,.0f} | {p50:,} | {p99:,} | {cpu:.1f} | {bad} |", flush=True)

    def measure(self, pid, url, headers, connections):
        """Sends the file `body`: requests/s, p50 and p99 in us, processor time of a request in us, bad answers."""
        environment = dict(os.environ, BODY=str(self.scratch / "body"),
                           HEADERS=";".join(f"{key}:{value}" for key, value in headers.items()))
        before = cpu_seconds(pid)
        shown = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{self.seconds}s", "-s",
                                self.scratch / "post.lua", url], env=environment, check=True,
                               capture_output=True, text=True).stdout
        count, micros, p50, p99, bad = map(int, shown.strip().splitlines()[-1].split())
        return count / micros * 1e6, p50, p99, (cpu_seconds(pid) - before) * 1e6 / max(count, 1), bad

    def grpc_load(self, name, pid, port, rows, columns, *options):
        """The same over gRPC: so many calls in flight on one connection, from one thread."""
        if self.only and self.only not in name:
            return
        for in_flight in CONNECTIONS:
            before = cpu_seconds(pid)
            shown = subprocess.run([self.build / "grpc_load", f"127.0.0.1:{port}", "m", str(rows), str(columns),
                                    str(in_flight), str(self.seconds), *options], check=True, capture_output=True,
                                   text=True).stdout
            count, rate, p50, p99, bad = map(int, shown.split())
            cpu = (cpu_seconds(pid) - before) * 1e6 / max(count, 1)
            print(f"| {name} | {in_flight} | {rate:,} | {p50:,} | {p99:,} | {cpu:.1f} | {bad} |", flush=True)


def rows_of(tensor):
    width = tensor["shape"][1]
    return [tensor["data"][i * width:(i + 1) * width] for i in range(tensor["shape"][0])]


def tensors(model, rows):
    """A request of so many rows from the model's vectors, repeated where there are fewer."""
    cases = json.loads((MODELS / model / "vectors.json").read_text())["cases"]
    tensor = max((case["request"]["inputs"][0] for case in cases), key=lambda one: len(one["data"]))
    own = rows_of(tensor)
    data = [value for i in range(rows) for value in own[i % len(own)]]
    return dict(tensor, shape=[rows, tensor["shape"][1]], data=data)


def bodies(model, rows):
    tensor = tensors(model, rows)
    table = rows_of(tensor)
    raw = struct.pack(f"<{len(tensor['data'])}f", *(float("nan") if v is None else v for v in tensor["data"]))
    head = {"inputs": [{"name": tensor["name"], "shape": tensor["shape"], "datatype": "FP32",
                        "parameters": {"binary_data_size": len(raw)}}],
            "parameters": {"binary_data_output": True}}
    head = json.dumps(head).encode()
    return {
        "v2": ("/v2/models/m/infer", json.dumps({"inputs": [tensor]}).encode(), {}),
        "v2 binary": ("/v2/models/m/infer", head + raw,
                      {"Content-Type": "application/octet-stream",
                       "Inference-Header-Content-Length": str(len(head))}),
        "v1": ("/v1/models/m:predict", json.dumps({"instances": table}).encode(), {}),
        "mlflow": ("/invocations", json.dumps(
            {"dataframe_split": {"columns": list(range(tensor["shape"][1])), "data": table}}).encode(), {}),
    }


def alone(bench):
    print("\nThe model alone, in process, one thread:\n", flush=True)
    models = [MODELS / name / "model.onnx" for name in ("breast_cancer_lr", "flights_late_xgb")]
    subprocess.run([bench.build / "run_latency", *models], check=True)


def ceiling(bench, model, rows):
    with bench.program(bench.build / "bare_loop", MODELS / model, rows,
                       bench.scratch / "port") as (pid, port):
        for protocol in ("v2", "v2 binary"):
            _, body, headers = bodies(model, max(rows, 1))[protocol]
            bench.load(f"bare loop, {model}, {rows} rows, {len(body):,} bytes", pid,
                       f"http://127.0.0.1:{port}/", body, headers)


def serve(bench, model, asked):
    log, grpc_port = bench.scratch / "predictions", bench.scratch / "grpc.port"
    with bench.program(bench.build / "millwright", "serve", f"m={MODELS / model}", "--port", 0, "--port-file",
                       bench.scratch / "port", "--grpc-port", 0, "--grpc-port-file", grpc_port,
                       "--log", log) as (pid, port):
        for protocol, rows in asked:
            path, body, headers = bodies(model, rows)[protocol]
            bench.load(f"serve, {model}, {protocol}, {rows} rows", pid, f"http://127.0.0.1:{port}{path}", body,
                       headers)
            if protocol == "v2 binary":
                columns = tensors(model, rows)["shape"][1]
                for form in ("raw", "typed"):
                    bench.grpc_load(f"serve, {model}, gRPC {form}, {rows} rows", pid, grpc_port.read_text(), rows,
                                    columns, *(["--typed"] if form == "typed" else []))
    shutil.rmtree(log, ignore_errors=True)


def gateway(bench):
    data = bench.scratch / "data"
    with bench.program(bench.build / "millwright", "server", "--port", 0, "--port-file", bench.scratch / "port",
                       "--data", data, "--log-level", "warning") as (pid, port):
        server = Server("", "")
        server.port = port
        version = register(server, "m")
        answer = server.post("/api/v1/endpoints", {"name": "m", "model": "m", "version": version})
        if answer.status != 200:
            sys.exit(f"endpoint: {answer.body}")
        for rows in (1, 64):
            path, body, headers = bodies("breast_cancer_lr", rows)["v2"]
            bench.load(f"gateway and one replica, breast_cancer_lr, v2, {rows} rows", pid,
                       f"http://127.0.0.1:{port}{path}", body, headers)


def one_row(model):
    """The first row of the model's first vector, as a body of the Open Inference Protocol."""
    inputs = json.loads((MODELS / model / "vectors.json").read_text())["cases"][0]["request"]["inputs"]
    for tensor in inputs:
        tensor["data"] = tensor["data"][:len(tensor["data"]) // tensor["shape"][0]]
        tensor["shape"][0] = 1
    return json.dumps({"inputs": inputs}).encode()


def batching(bench):
    """Rows a second are requests a second here: each has one row."""
    for model in ("breast_cancer_lr", "fashion_cnn", "spam_transformer"):
        for mode in ("off", "auto"):
            with bench.program(bench.build / "millwright", "serve", f"m={MODELS / model}", "--port", 0, "--port-file",
                               bench.scratch / "port", "--batching", mode) as (pid, port):
                bench.load(f"batching {mode}, {model}, 1 row a request", pid, f"http://127.0.0.1:{port}/v2/models/m/infer",
                           one_row(model), connections=(1, 8, 64))


def start(bench):
    five = ("breast_cancer_lr", "flights_late_xgb", "digits_cnn", "fashion_cnn", "spam_transformer")
    with bench.program(bench.build / "millwright", "serve", *(f"{name}={MODELS / name}" for name in five),
                       "--port", 0, "--port-file", bench.scratch / "port") as (pid, _):
        print(f"\nFive models: ready after {bench.ready_s * 1000:.0f} ms, {memory_mib(pid):.0f} MiB (Pss)")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("seconds", type=int, nargs="?", default=2)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        print("serving: wrk is not installed; skipped")
        return
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(given.build.resolve(), given.seconds, given.only, pathlib.Path(scratch))
        if not given.only:
            alone(bench)
        print("\n| | connections | requests/s | p50 us | p99 us | CPU us a request | bad |\n"
              "| --- | --- | --- | --- | --- | --- | --- |", flush=True)
        for model, rows in (("breast_cancer_lr", 0), ("breast_cancer_lr", 1), ("breast_cancer_lr", 64),
                            ("flights_late_xgb", 64)):
            ceiling(bench, model, rows)
        serve(bench, "breast_cancer_lr", [(protocol, rows) for rows in (1, 64)
                                          for protocol in ("v2", "v2 binary", "v1", "mlflow")])
        serve(bench, "flights_late_xgb", [("v2", 1), ("v2", 64), ("v2 binary", 64)])
        gateway(bench)
        batching(bench)
        start(bench)


if __name__ == "__main__":
    main()
