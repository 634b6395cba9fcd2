#!/usr/bin/env python3
"""A whole server while everything is done to it at once: endpoints that change under callers of every protocol,
killed replicas, tracking, files, logs of predictions, monitors, pipelines, principals, pages, broken requests and
the exchanges of tests/api, some of them changed. Nothing is answered by 500, the server lives, ends when told and
begins again where it was. MILLWRIGHT_SOAK=1 does so for minutes; with a binary that was built with a sanitizer it
is the long way to look for what the unit tests of one class cannot see.

usage: everything_at_once.py BINARY [SECONDS [SEED]]
"""
import base64
import collections
import contextlib
import gzip
import http.client
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.grpc_client import GrpcClient, grpc, pb  # noqa: E402  first, see there
from api.run import compare, parse  # noqa: E402
from harness.event_file import event, field  # noqa: E402
from harness.millwright import ROOT, Answer, Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.models import first_case, register  # noqa: E402
from harness.raw_tensors import pack  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 240 if os.environ.get("MILLWRIGHT_SOAK") else 15
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
PASSWORD = "correct-horse-9"
OPTIONS = ["--auth", "basic", "--grpc-port", "0", "--webhook-allowed-host", "127.0.0.1", "--webhook-retry-ms", "50",
           "--webhook-attempts-max", "3", "--webhook-timeout-ms", "300", "--alert-interval-ms", "100",
           "--monitor-interval-ms", "200", "--loop-interval-ms", "100", "--tensorboard-interval-ms", "200",
           "--sql-time-limit-s", "5", "--sql-memory-mib", "512", "--prediction-log-redact", "Age", "--run-lease-s", "5"]
EXAMPLES = {"cancer": "breast_cancer_lr", "ridge": "diabetes_ridge", "credit": "credit_columns", "wine": "wine_rf_zipmap",
            "types": "identity_all_types"}
TEXT = {"Content-Type": "text/plain"}
BYTES = {"Content-Type": "application/octet-stream"}
DAY_MS = 86_400_000
START_MS = 1_000_000_000_000
ANSWER_SECONDS_MAX = 180
GIVEN_UP = "work under way did not end and is given up"  # after ten seconds, on a machine with much else to do
# What changed exchanges must not reach: the keys that all callers of here use.
KEPT_PATHS = ("/api/v1/users/admin", "/api/v1/tokens")
ODD_VALUES = [None, True, -1, 0, 1e308, 2 ** 63, 2 ** 64, "", "\u0000", "x" * 70_000, "../..", "%00", "\ud83d\ude00", [], {}, [[]],
              [None], {"": None}, "'; --", "NaN", 1e-320, -2 ** 63]


def changed(rng, value):
    """The JSON value with one of its parts replaced, doubled or left out."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        copy = dict(value)
        if rng.random() < 0.15:
            del copy[key]
        else:
            copy[key] = changed(rng, copy[key])
        return copy
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return value[:at] + [changed(rng, value[at])] * rng.randrange(3) + value[at + 1:]
    if isinstance(value, str) and value and rng.random() < 0.4:
        at = rng.randrange(len(value))
        return value[:at] + rng.choice(["", "\n", "\x00", "é", "(", "'", '"', value[at] * 50]) + value[at + 1:]
    return rng.choice(ODD_VALUES)


def noise(rng, data):
    """The bytes with some of them replaced, cut or said twice."""
    data = bytearray(data or b"{}")
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)):]
    return bytes(data) * rng.choice([1, 1, 1, 2])


def nested(shape, flat):
    """Lists as the shape says."""
    if len(shape) <= 1:
        return flat
    step = len(flat) // max(shape[0], 1)
    return [nested(shape[1:], flat[i * step:(i + 1) * step]) for i in range(shape[0])]


def predictions_of(name):
    """Ways to ask endpoint NAME: (path, body, headers)."""
    request = first_case(EXAMPLES[name])[0]
    tensors = request["inputs"]
    packed = []
    for one in tensors:
        values = [float("nan") if value is None else value for value in one["data"]]
        packed.append(pack(one["datatype"], [v.encode() for v in values] if one["datatype"] == "BYTES" else values))
    head = json.dumps({"inputs": [{"name": one["name"], "shape": one["shape"], "datatype": one["datatype"],
                                   "parameters": {"binary_data_size": len(data)}} for one, data in zip(tensors, packed)],
                       "parameters": {"binary_data_output": True}}).encode()
    columns = {one["name"]: nested(one["shape"], one["data"]) for one in tensors}
    ways = [(f"/v2/models/{name}/infer", json.dumps(request).encode(), {}),
            (f"/v2/models/{name}/infer", head + b"".join(packed),
             {**BYTES, "Inference-Header-Content-Length": str(len(head))}),
            (f"/v1/models/{name}:predict", json.dumps({"inputs": columns}).encode(), {}),
            (f"/endpoints/{name}/invocations", json.dumps({"inputs": columns}).encode(), {}),
            (f"/v2/models/{name}/versions/1/infer", json.dumps(request).encode(), {})]
    if len(tensors) == 1 and len(tensors[0]["shape"]) == 2:
        rows = next(iter(columns.values()))
        width = list(map(str, range(tensors[0]["shape"][1])))
        csv = "\n".join(",".join("" if v is None else str(v) for v in row) for row in [width, *rows]) + "\n"
        many = [row for row in rows for _ in range(64)][:64]
        ways += [(f"/v1/models/{name}:predict", json.dumps({"instances": rows}).encode(), {}),
                 (f"/v1/models/{name}:predict", json.dumps({"instances": many}).encode(), {}),
                 (f"/v1/models/{name}/labels/champion:predict", json.dumps({"instances": rows}).encode(), {}),
                 (f"/endpoints/{name}/invocations", csv.encode(), {"Content-Type": "text/csv"}),
                 (f"/endpoints/{name}/invocations",
                  json.dumps({"dataframe_split": {"columns": width, "data": rows}}).encode(), {})]
    return ways


class Hooks(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # the server hung up


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes webhooks, and answers well, badly, late or not at all."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        how = random.random()
        if how < 0.1:
            return  # hangs up
        if how < 0.15:
            self.server.stopping.wait(1)
        self.send_response(200 if how < 0.7 else random.choice([301, 404, 410, 500, 503]))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Actor:
    """What one thread does again and again: a connection, chances of its own, and words to the server."""

    def __init__(self, scene, name, action, number):
        self.scene, self.name, self.action = scene, name, action
        self.rng = random.Random(f"{SEED} {scene.began} {name} {number}")
        self.connection, self.port = None, 0
        self.thread = threading.Thread(target=self.run, name=name)

    def run(self):
        while not self.scene.stopping.is_set():
            try:
                self.action(self)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                self.scene.cut(self.name, error)
            except Exception as error:  # an actor that ends unseen would make the test do less than it says
                self.scene.blame(f"{self.name}: {type(error).__name__}: {error}")
                break
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def ask(self, method, path, body=None, headers=None):
        """Sends it as the admin; returns the status and the body."""
        headers = {"Authorization": f"Bearer {self.scene.token}", **(headers or {})}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        if not self.connection or self.port != self.scene.server.port:
            self.close()
            self.port = self.scene.server.port
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS_MAX)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.scene.note(self.name, answer.status, f"{method} {path}", body, text)
        return answer.status, text

    def get(self, path, /, **query):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body):
        return self.ask("POST", path, body)

    def json(self, method, path, body=None):
        """What a good answer says; {} for another."""
        status, text = self.ask(method, path, body)
        return json.loads(text) if status == 200 and text else {}

    def chance(self, share):
        return self.rng.random() < share

    def rest(self, seconds):
        self.scene.stopping.wait(seconds * self.rng.random())


class Scene:
    """A server with models and endpoints, and those who act on it."""

    def __init__(self, server, hook_port):
        self.server, self.hook_port = server, hook_port
        self.stopping, self.lock = threading.Event(), threading.Lock()
        self.counts, self.blamed = collections.Counter(), []
        self.grpc_port, self.token, self.began = 0, "", 0
        self.ways = {name: predictions_of(name) for name in EXAMPLES}
        self.exchanges = [list(parse(path.read_text())) for path in sorted((ROOT / "tests/api").glob("*.test"))]

    def begin(self):
        self.began += 1
        port_file = self.server.data / "grpc-port"
        port_file.unlink(missing_ok=True)
        self.server.start()
        deadline = time.monotonic() + ANSWER_SECONDS_MAX
        while not (port_file.exists() and port_file.read_text().strip()):
            expect(time.monotonic() < deadline, "no port for gRPC")
            self.stopping.wait(0.02)
        self.grpc_port = int(port_file.read_text())

    def note(self, actor, status, what, body, text):
        with self.lock:
            self.counts[actor, status] += 1
            # A changed exchange may name a webhook or a store that cannot be reached, which is said by 502.
            if status == 500:
                self.blamed.append(f"{actor}: {what} {(body or b'')[:300]!r}: {status} {text[:300]!r}")

    def cut(self, actor, error):
        """A connection broke: fair where the server just ends, or was what the actor wanted."""
        with self.lock:
            self.counts[actor, type(error).__name__] += 1

    def blame(self, text):
        with self.lock:
            self.blamed.append(text)

    def log_in(self):
        basic = {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}
        answer = self.server.request("POST", "/api/v1/tokens", {"name": "everything", "principal": "admin"}, basic)
        expect(answer.status == 200, f"no token: {answer.status} {answer.body[:300]}")
        self.token = answer.json()["secret"]

    def act(self, *actions):
        """Starts a thread for each (action, how many)."""
        self.actors = [Actor(self, action.__name__, action, number) for action, count in actions for number in range(count)]
        for actor in self.actors:
            actor.thread.start()

    def end(self):
        self.stopping.set()
        for actor in self.actors:
            actor.thread.join()


def predicts(actor):
    name = actor.rng.choice(sorted(EXAMPLES))
    path, body, headers = actor.rng.choice(actor.scene.ways[name])
    headers = dict(headers)
    if actor.chance(0.3):
        headers["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    if actor.chance(0.3):
        headers["X-User"] = f"user-{actor.rng.randrange(50)}"
    if actor.chance(0.1):
        headers["X-Request-Id"] = f"asked-{actor.rng.randrange(10**6)}"
    if actor.chance(0.05):
        body = noise(actor.rng, body)
    actor.ask("POST", path, body, headers)


def predicts_by_grpc(actor):
    with GrpcClient(actor.scene.grpc_port, actor.scene.token) as client:
        for _ in range(actor.rng.randrange(1, 60)):
            request, raw = first_case(EXAMPLES["cancer"])[0], actor.chance(0.7)
            message = pb.ModelInferRequest(model_name=actor.rng.choice(["cancer", "cancer", "nobody"]))
            for one in request["inputs"]:
                tensor = message.inputs.add(name=one["name"], datatype=one["datatype"], shape=one["shape"])
                if raw:
                    data = pack(one["datatype"], one["data"])
                    message.raw_input_contents.append(noise(actor.rng, data) if actor.chance(0.1) else data)
                else:
                    tensor.contents.fp32_contents.extend(one["data"])
            try:
                if actor.chance(0.1):
                    list(client.stream([message] * actor.rng.randrange(1, 8)))
                elif actor.chance(0.05):
                    client.watch().cancel()
                else:
                    client.infer(message)
                code = "OK"
            except grpc.RpcError as error:
                code = error.code().name
            actor.scene.note(actor.name, code, "", b"", b"")
            if actor.scene.stopping.is_set():
                return


def is_rude(actor):
    """Ends in mid-request, never reads, sends by drops, or sends what is no HTTP."""
    path, body, headers = actor.rng.choice(actor.scene.ways[actor.rng.choice(sorted(EXAMPLES))])
    headers = {"Host": "x", "Authorization": f"Bearer {actor.scene.token}", "Content-Length": str(len(body)), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in headers.items()) + "\r\n"
    request, port = head.encode() + body, actor.scene.server.port
    if actor.chance(0.1):
        port = actor.scene.grpc_port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        how = actor.rng.randrange(6)
        if how == 0:
            client.sendall(request[:actor.rng.randrange(len(request))])
        elif how == 1:
            client.sendall(request * actor.rng.randrange(1, 20))
        elif how == 2:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            client.recv(65536)
        elif how == 3:
            for at in range(0, min(len(request), 600), 50):
                client.sendall(request[at:at + 50])
        elif how == 4:
            client.sendall(request * 3)
            client.recv(10)
        else:
            client.sendall(noise(actor.rng, request))
            client.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                client.recv(65536)
        if actor.chance(0.5):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    actor.scene.note(actor.name, how, "", b"", b"")


def operates(actor):
    """Changes an endpoint in every way."""
    rng, name = actor.rng, actor.rng.choice(sorted(EXAMPLES))
    shown = actor.json("GET", f"/api/v1/endpoints/{name}")
    if not shown:
        actor.post("/api/v1/endpoints", {"name": name, "model": name, "version": "1", "replicas": rng.choice([1, 2])})
        return
    version, other = str(rng.randrange(1, 4)), str(rng.randrange(1, 4))
    path = f"/api/v1/endpoints/{name}"
    revisions = [revision["model_version"] for revision in shown["revisions"]]
    shares = rng.choice([[100], [50, 50], [20, 80], [10, 20, 70]])
    policies = [{"cache_ttl_ms": rng.choice([0, 200])}, {"sticky_by": rng.choice(["", "header:X-User"])},
                {"hedge_percent": rng.choice([0, 5, 100])}, {"eject_errors": rng.choice([0, 1, 5])},
                {"replicas_min": 0, "replicas_max": 2, "quiet_ms": 0}, {"replicas_max": 0, "replicas_min": 1},
                {"replicas_min": 1, "replicas_max": 3, "replica_concurrency": 1, "quiet_ms": 100},
                {"requests_per_s": rng.choice([0, 200]), "burst": rng.choice([0, 5])}, {"rows_per_day": rng.choice([0, 10**6])},
                {"request_bytes": rng.choice([0, 500])}, {"response_bytes": rng.choice([0, 100])},
                {"contract": rng.choice(["", "grown-up"]), "contract_action": rng.choice(["reject", "flag", "pass"])}]
    step, body = rng.choice([("shadow", {"version": version}), ("canary", {"version": version, "weight": rng.randrange(100)}),
                             ("weights", {"weights": dict(zip(revisions, shares))}), ("promote", {"version": version}),
                             ("promote", {"version": other}), ("rollback", {}), ("retire", {"version": version}),
                             ("scale", {"replicas": rng.choice([1, 2])}), ("wait", {"role": "live", "version": version, "requests": 1, "timeout_ms": 100}),
                             ("api-version", {"api_version": rng.randrange(1, 4)})] + [("policy", policy) for policy in policies])
    actor.post(f"{path}/{step}", body)
    if step == "canary" and actor.chance(0.7):
        actor.rest(0.5)
        actor.post(f"{path}/promote", {"version": version})
    if actor.chance(0.03):
        actor.ask("DELETE", path)
    if actor.chance(0.03):
        actor.post(f"/v2/repository/models/{name}/{rng.choice(['load', 'unload'])}", {})
    actor.rest(0.5)


def kills(actor):
    """Ends or stops a process that serves, among them those that rest."""
    children = [int(pid) for task in pathlib.Path(f"/proc/{actor.scene.server.process.pid}/task").glob("*/children")
                for pid in task.read_text().split()]
    serving = []
    for pid in children:
        with contextlib.suppress(OSError):
            if b"\0serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                serving.append(pid)
    if serving:
        pid, number = actor.rng.choice(serving), actor.rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            actor.scene.note(actor.name, number.name, "", b"", b"")
    actor.scene.stopping.wait(1 + 8 * actor.rng.random())


def registers(actor):
    """Versions, aliases, stages, tags, gates and checks of models."""
    rng = actor.rng
    name = rng.choice(sorted(EXAMPLES))
    if actor.chance(0.2):
        with contextlib.suppress(Failure):
            register(Words(actor), f"{name}-{rng.randrange(4)}", EXAMPLES[name])
    version = str(rng.randrange(1, 5))
    mlflow, native = "/api/2.0/mlflow", f"/api/v1/models/{name}"
    method, path, body = rng.choice([
        ("POST", mlflow + "/registered-models/alias", {"name": name, "alias": rng.choice(["champion", "old"]), "version": version}),
        ("DELETE", mlflow + "/registered-models/alias", {"name": name, "alias": rng.choice(["champion", "old"])}),
        ("POST", f"{native}/aliases/champion/rollback", {"reason": "back"}),
        ("POST", f"{native}/versions/{version}/stage", {"stage": rng.choice(["Staging", "Production", "None"])}),
        ("POST", f"{native}/versions/{version}/checks", {"name": "parity", "passed": actor.chance(0.8), "summary": "same"}),
        ("POST", f"{native}/versions/{version}/scan", {}),
        ("POST", f"{native}/versions/{version}/approvals", {"reason": "fine"}),
        ("POST", f"{native}/gate", {"aliases": ["champion"], "checks": rng.choice([[], ["parity"]])}),
        ("POST", f"{native}/gate/test", {"alias": "champion", "version": version}),
        ("POST", mlflow + "/registered-models/set-tag", {"name": name, "key": "k", "value": str(rng.random())}),
        ("POST", mlflow + "/model-versions/set-tag", {"name": name, "version": version, "key": "k", "value": "v"}),
        ("PATCH", mlflow + "/model-versions/update", {"name": name, "version": version, "description": "d"}),
        ("GET", f"{native}/versions/{version}", None), ("GET", f"{native}/versions/1/diff?with=2", None),
        ("GET", f"{native}/history", None), ("GET", f"{native}/aliases/champion/history", None),
        ("GET", f"{native}/as-of?time={int(time.time() * 1000)}", None), ("GET", f"{native}/gate", None),
        ("GET", f"{native}/versions/{version}/artifacts/graph?path=model.onnx", None),
        ("GET", mlflow + "/model-versions/search?filter=" + urllib.parse.quote(f"name='{name}'"), None),
        ("GET", mlflow + "/registered-models/search?max_results=2", None),
        ("DELETE", mlflow + "/model-versions/delete", {"name": f"{name}-1", "version": version}),
        ("DELETE", mlflow + "/registered-models/delete", {"name": f"{name}-2"})])
    actor.ask(method, path, body)


class Words:
    """An actor as register() asks a server."""

    def __init__(self, actor):
        self.actor = actor

    def request(self, method, path, body=None, headers=None):
        status, text = self.actor.ask(method, path, body, headers)
        return Answer(status, {}, text)

    def post(self, path, body):
        return self.request("POST", path, body)

    mlflow = Server.mlflow


def tracks(actor):
    """A run from its begin to its end, with files, charts and searches."""
    rng, mlflow = actor.rng, "/api/2.0/mlflow"
    experiment = "0"
    if actor.chance(0.2):
        experiment = actor.json("POST", mlflow + "/experiments/create", {"name": f"e{rng.random()}"}).get("experiment_id", "0")
    run = actor.json("POST", mlflow + "/runs/create", {"experiment_id": experiment, "start_time": 1, "run_name": "soak"})
    if not run:
        return
    run_id, files = run["run"]["info"]["run_id"], run["run"]["info"]["artifact_uri"].split(":/", 1)[1].lstrip("/")
    now = int(time.time() * 1000)
    for step in range(rng.randrange(1, 6)):
        actor.post(mlflow + "/runs/log-batch", {
            "run_id": run_id, "params": [{"key": f"p{step}", "value": str(step)}], "tags": [{"key": "t", "value": str(step)}],
            "metrics": [{"key": f"m{i % 5}", "value": rng.random(), "timestamp": now + i, "step": step * 100 + i} for i in range(200)]})
        actor.post(f"/api/v1/runs/{run_id}/lease", {"lease_s": 1})
    table = "a,b\n" + "".join(f"{i},{i * i}\n" for i in range(rng.randrange(1, 500)))
    events = b"".join(event(1.0 + i, i, field(5, field(1, field(1, "loss") + struct.pack("<Bf", 2 << 3 | 5, i / 7))))
                      for i in range(20))
    for name, data in (("t.csv", table.encode()), ("p.html", b"<p>page</p>"), ("events.out.tfevents.1", events),
                       ("big.bin", rng.randbytes(rng.choice([10, 300_000])))):
        actor.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{files}/{name}", data, BYTES)
    actor.ask("POST", f"/api/v1/runs/{run_id}/tensorboard/events?file=events.out.tfevents.2&offset=0", events, BYTES)
    for path, query in ((mlflow + "/artifacts/list", {"run_id": run_id}), ("/get-artifact", {"run_id": run_id, "path": "t.csv"}),
                        (f"/api/v1/runs/{run_id}/artifacts/table", {"path": "t.csv"}),
                        (f"/api/v1/runs/{run_id}/artifacts/page", {"path": "p.html"}),
                        (f"/api/v1/runs/{run_id}/tensorboard", {}), (f"/api/v1/runs/{run_id}/history", {"format": "csv"}),
                        (mlflow + "/metrics/get-history", {"run_id": run_id, "metric_key": "m1", "max_results": 20}),
                        (mlflow + "/runs/get", {"run_id": run_id})):
        actor.get(path, **query)
    actor.post("/api/v1/charts", {"runs": [run_id], "keys": ["m0", "m1"], "width": 300})
    ask = {"experiment_ids": [experiment], "filter": rng.choice(["", "metrics.m1 > 0.5", "params.p0 = '0' and tags.t LIKE '1%'", "(("]),
           "order_by": rng.choice([[], ["metrics.m1 DESC"]]), "max_results": 20}
    actor.post(mlflow + "/runs/search", ask)
    actor.post("/api/v1/runs/count", {"experiment_ids": [experiment], "filter": ask["filter"]})
    actor.post("/api/v1/runs/columns", {"experiment_ids": [experiment], "kind": "metrics"})
    actor.post("/api/v1/runs/groups", {"experiment_ids": [experiment], "group_by": ["params.p0"], "metrics": ["m1"]})
    actor.post(mlflow + "/runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": now})
    if actor.chance(0.5):
        actor.ask("DELETE", f"/api/2.0/mlflow-artifacts/artifacts/{files}/big.bin")
        actor.post(mlflow + "/runs/delete", {"run_id": run_id})
        actor.post("/api/v1/gc", {"run_ids": [run_id], "dry_run": actor.chance(0.5)})


PUSHED = "filename=rows.csv&id_column=id&time_column=t&output=score&outcome_column=outcome"


def rows_of_predictions(rng, count):
    """A file of predictions that were made elsewhere, over forty days."""
    lines = ["id,t,amount,country,score,outcome,latency_us"]
    for _ in range(count):
        number = rng.randrange(100_000)
        shift = 50 if number % 40 > 30 else 0
        lines.append(f"r{number},{START_MS + number % 40 * DAY_MS + number},{number % 97 + shift},{'DE FR US'.split()[number % 3]},"
                     f"{number * 31 % 100 / 100},{int(number % 7 == 0)},{number % 900}")
    return ("\n".join(lines) + "\n").encode()


def keeps_logs(actor):
    """Pushes, asks, exports and corrects logs of predictions, of endpoints and of models elsewhere."""
    rng, name = actor.rng, actor.rng.choice(["shop", "shop", "fraud", *EXAMPLES])
    path, way = f"/api/v1/prediction-logs/{name}", rng.randrange(9)
    where = rng.choice(["", "input_amount > 20", "input_country = 'DE'", "1) OR (1=1", "error <> ''", "latency_us > 100"])
    slice_ = {"where": where, "from": rng.choice(["2001-09-10", "2001-09-20"]), "to": "2001-10-20"} if actor.chance(0.7) else {}
    if way == 0:
        actor.ask("PUT", f"{path}?{PUSHED}",
                  rows_of_predictions(rng, rng.choice([10, 3000])), TEXT)
    elif way == 1:
        actor.get(f"{path}/file", format=rng.choice(["parquet", "csv", "jsonl"]), **slice_)
    elif way == 2:
        sql = rng.choice(["SELECT count(*), avg(latency_us) FROM predictions", "SELECT * FROM predictions LIMIT 50", "SELECT nothing",
                          "SELECT role, model_version, count(*) FROM predictions GROUP BY ALL", "SELECT count(*) FROM outcomes",
                          "SELECT error('x')", "SELECT sum(a.range * b.range) FROM range(10000000) a, range(100000) b",
                          "SELECT list(range) FROM range(100000000)", "COPY predictions TO '/tmp/x'", "ATTACH '/etc/passwd'"])
        actor.post(f"/api/v1/endpoints/{name}/predictions/query", {"sql": sql})
    elif way == 3:
        for part in ("summary", "rows", "performance"):
            actor.get(f"{path}/{part}", **slice_)
    elif way == 4:
        kind = rng.choice(["label", "feedback"])
        actor.post("/api/v1/outcomes", {"endpoint": name, "outcomes": [
            {"prediction_id": f"r{rng.randrange(100_000)}", "kind": kind, "value": actor.chance(0.5)} for _ in range(rng.randrange(1, 50))]})
    elif way == 5:
        event_id = f"e{rng.random()}"
        for kind, body in (("request", {"instances": [[1, 2], [3, 4]]}), ("response", {"predictions": [0.1, 0.9]})):
            headers = {"ce-id": event_id, "ce-type": f"org.kubeflow.serving.inference.{kind}"}
            actor.ask("POST", f"/api/v1/prediction-logs/{rng.choice(['fraud', 'elsewhere'])}/events", json.dumps(body).encode(), headers)
    elif way == 6:
        actor.ask("POST", f"{path}/mistakes?" + urllib.parse.urlencode({"dataset": "mistakes", **slice_}), {})
    elif way == 7:
        actor.get(f"/api/v1/endpoints/{name}/predictions", limit=20)
        actor.get(f"/api/v1/endpoints/{name}/traffic")
    else:
        actor.get("/api/v1/prediction-logs")


def monitor_spec(actor, name, log):
    spec = {"name": name, "endpoint": log, "window": actor.rng.choice(["day", "week"]), "rows_min": 20, "outcomes_min": 10,
            "preset": actor.rng.choice(["psi", "millwright", "evidently"]), "probability_output": "score", "auc_drop_max": 0.1,
            "reference_window": {"from": "2001-09-09", "to": "2001-09-20"}}
    return {**spec, "season": "weekday"} if actor.chance(0.3) and spec["window"] == "day" else spec


def monitors(actor):
    """Makes, asks and takes away monitors and the rules of alerts."""
    rng, name = actor.rng, f"watch-{actor.rng.randrange(3)}"
    path = f"/api/v1/monitors/{name}"
    spec = monitor_spec(actor, name, rng.choice(["shop", "fraud"]))
    way = rng.randrange(9)
    if way == 0:
        actor.post("/api/v1/monitors", spec)
    elif way == 1:
        actor.post("/api/v1/monitors/preview", spec)
    elif way == 2:
        actor.post(f"{path}/evaluate", {})
    elif way == 3 and actor.chance(0.2):
        actor.ask("DELETE", path)
    elif way == 4:
        actor.get(f"{path}/health", **({"where": "input_country = 'DE'"} if actor.chance(0.5) else {}))
    elif way == 5:
        actor.get(f"{path}/distribution", feature="amount")
        actor.get(f"{path}/{rng.choice(['report', 'evidently', 'drift', 'performance', 'quality'])}")
    elif way == 6:
        for alert in actor.json("GET", "/api/v1/alerts").get("alerts", [])[:3]:
            actor.get(f"/api/v1/alerts/{alert['id']}")
            actor.ask(rng.choice(["POST", "DELETE"]), f"/api/v1/alerts/{alert['id']}/ack", {"note": "mine"})
    elif way == 7:
        hook = f"http://127.0.0.1:{actor.scene.hook_port}/alert"
        expression = rng.choice(["millwright_up_seconds", "rate(millwright_http_requests_total[1m])", "millwright_alerts", "1 +"])
        actor.post("/api/v1/alert-config", {
            "rules": [{"name": f"r{rng.randrange(3)}", "expr": expression, "above": rng.choice([0, 1e9])}],
            "receivers": [{"name": "ops", "webhook": {"url": hook, "secret": "s3cret"}}],
            "routes": {"receiver": "ops", "group_wait": "0s", "group_interval": "1s"}})
        actor.post("/api/v1/alert-rules/test", {"name": "x", "expr": expression, "above": 1})
        actor.post("/api/v1/alert-receivers/ops/test", {})
    else:
        made = actor.json("POST", "/api/v1/silences", {"matchers": ["severity=critical"], "for": "1m", "comment": "quiet"})
        if made:
            actor.ask("DELETE", f"/api/v1/silences/{made['id']}")
    actor.rest(0.2)


def set_suite(actor, name, column, most):
    actor.post("/api/v1/suites", {"name": name, "suite": {"name": name, "expectations": [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": column, "min_value": 0, "max_value": most}}]}})


def judges_data(actor):
    """Datasets, suites, validations, splits and what is derived."""
    rng, name = actor.rng, f"rides-{actor.rng.randrange(3)}"
    path, suite = f"/api/v1/datasets/{name}", "taxi"
    table = "zone,fare\n" + "".join(f"{rng.choice('abc')},{rng.randrange(200)}\n" for _ in range(rng.choice([3, 2000])))
    way = rng.randrange(8)
    if way == 0:
        set_suite(actor, suite, "fare", rng.randrange(100, 300))
        actor.post(f"/api/v1/suites/{suite}/attachments", {"dataset": name, "on_failure": rng.choice(["quarantine", "set-aside", "warn"])})
    elif way in (1, 2):
        actor.ask("PUT", f"{path}/upload?filename=rides.csv", table.encode(), TEXT)
    elif way == 3:
        actor.post("/api/v1/validations", {"dataset": name, "suite": suite})
        for one in actor.json("GET", "/api/v1/validations").get("validations", [])[:2]:
            actor.get(f"/api/v1/validations/{one['id']}/report")
    elif way == 4:
        actor.post("/api/v1/datasets/derived/derive", {"sql": "SELECT zone, sum(fare) AS fare FROM r GROUP BY ALL", "inputs": {"r": name}})
        actor.post(f"{path}/splits", {"name": f"s{rng.random()}", "version": 1, "spec": {
            "kind": "random", "seed": 1, "parts": [{"name": "a", "share": 0.5}]}})
    elif way == 5:
        for part in ("rows?limit=5", "profile", "profile/full", "profile/report", "file"):
            actor.get(f"{path}/versions/1/{part}")
    elif way == 6:
        for one in actor.json("GET", "/api/v1/quarantine").get("versions", [])[:2]:
            actor.post(f"/api/v1/datasets/{one['dataset']}/versions/{one['version']}/{rng.choice(['release', 'judge'])}", {"reason": "known"})
    else:
        actor.get(path)
        actor.get("/api/v1/datasets")
    actor.rest(0.2)


def runs_pipelines(actor):
    rng, name = actor.rng, f"p{actor.rng.randrange(3)}"
    actor.post("/api/v1/pipelines", {"yaml": f"name: {name}\nparams: {{who: nobody}}\ntasks:\n  one:\n    run: echo \"${{{{ params.who }}}}\"; "
                                             f"exit {rng.choice([0, 0, 1, 99])}\n  two:\n    needs: [one]\n    run: sleep 0.{rng.randrange(9)}\n"})
    run = actor.json("POST", f"/api/v1/pipelines/{name}/runs", {"params": {"who": "x"}})
    if run:
        actor.get(f"/api/v1/pipeline-runs/{run['id']}/tasks/one/log")
        if actor.chance(0.3):
            actor.post(f"/api/v1/pipeline-runs/{run['id']}/cancel", {})
        actor.get(f"/api/v1/pipeline-runs/{run['id']}")
    model = rng.choice(sorted(EXAMPLES))
    actor.post("/api/v1/loops", {"yaml": f"model: {model}\nretrain: {{pipeline: {name}}}\ncanary: {{steps: [10, 50]}}\n"
                                         f"triggers: [{{every: {rng.randrange(1, 9)}d}}, {{alert: {{kind: drift}}}}]\n"})
    actor.post(f"/api/v1/loops/{model}/{rng.choice(['trigger', 'pause', 'resume', 'approve', 'override', 'rollback'])}", {"reason": "why not"})
    actor.get(f"/api/v1/loops/{model}")
    actor.get(f"/api/v1/loops/{model}/decisions")
    actor.get("/api/v1/pipeline-runs")
    actor.scene.stopping.wait(1)


def logs_in(actor):
    """Users and tokens that come and go, and those who guess."""
    rng, name = actor.rng, f"eva{actor.rng.randrange(4)}"
    actor.post("/api/v1/users", {"name": name, "password": "battery-staple-7", "role": rng.choice(["reader", "editor", "manager"])})
    given = rng.choice(["battery-staple-7", "wrong", PASSWORD])
    basic = {"Authorization": "Basic " + base64.b64encode(f"{name}:{given}".encode()).decode()}
    for method, path in (("GET", "/api/v1/me"), ("GET", "/api/v1/users"), ("POST", "/api/v1/endpoints")):
        actor.ask(method, path, {} if method == "POST" else None, basic)
    token = actor.json("POST", "/api/v1/tokens", {"principal": name, "name": "ci"})
    if token:
        bearer = {"Authorization": f"Bearer {token['secret']}"}
        actor.ask("GET", "/api/v1/me", None, bearer)
        actor.ask("DELETE", f"/api/v1/tokens/{token['id']}")
        actor.ask("GET", "/api/v1/me", None, bearer)
    actor.post(f"/api/v1/users/{name}/role", {"role": "reader"})
    if actor.chance(0.3):
        actor.ask("DELETE", f"/api/v1/users/{name}")
    actor.rest(0.5)


def looks(actor):
    """Pages and their files, figures, events as they happen, and what there is of everything."""
    rng = actor.rng
    status, page = actor.ask("GET", "/", headers=rng.choice([{}, {"Accept-Encoding": "gzip"}]))
    if page[:2] == b"\x1f\x8b":
        page = gzip.decompress(page)
    assets = [part.split(b'"')[0].decode() for part in page.split(b'="/')[1:]] if status == 200 else []
    paths = [f"/{one}" for one in assets] + [
        "/endpoints/cancer", "/nothing/../..", "/favicon.svg", "/metrics", "/api/routes", "/api/v1/overview", "/api/v1/lineage?node=model:cancer",
        "/api/v1/events?limit=50", "/v2", "/v2/models", "/v2/models/cancer", "/v2/models/stats", "/v2/health/ready", "/v1/models/ridge",
        "/v1/models/ridge/metadata", "/ready", "/version", "/api/v1/endpoints", "/api/v1/alert-series", "/api/v1/webhooks",
        "/api/v1/artifacts/deleted", "/api/v1/artifacts/verify", "/api/3.0/mlflow/server-info"]
    for path in rng.sample(paths, 6):
        actor.ask("GET", path, headers=rng.choice([{}, {}, {"Accept-Encoding": "gzip"}, {"Range": "bytes=5-20"}, {"If-None-Match": '"x"'}]))
    if actor.chance(0.3):
        actor.connection.request("GET", "/api/v1/events/stream", headers={"Authorization": f"Bearer {actor.scene.token}"})
        actor.connection.sock.settimeout(1)
        with contextlib.suppress(TimeoutError):
            actor.connection.getresponse().readline()
        actor.close()


def hooks(actor):
    rng, hook = actor.rng, f"http://127.0.0.1:{actor.scene.hook_port}/{actor.rng.random()}"
    made = actor.json("POST", "/api/v1/webhooks", {"name": f"h{rng.random()}", "url": hook, "events": ["*"], "secret": "s3cret"})
    if not made:
        return
    path = f"/api/v1/webhooks/{made['id']}"
    actor.post(f"{path}/test", {})
    actor.scene.stopping.wait(2)
    for one in actor.json("GET", f"{path}/deliveries").get("deliveries", [])[:3]:
        actor.get(f"/api/v1/webhook-deliveries/{one['id']}")
        actor.post(f"/api/v1/webhook-deliveries/{one['id']}/replay", {})
    actor.post(f"{path}/replay", {})
    actor.ask("PATCH", path, {"status": "DISABLED"})
    actor.ask("DELETE", path)


def says_what_tests_say(actor):
    """The exchanges of a file of tests/api in their order, some of them changed; the answers are only looked at for
    what later exchanges name."""
    rng, captured = actor.rng, {}
    change = rng.choice([0, 0.1, 0.5])

    def fill(text):
        for name, value in captured.items():
            text = text.replace("${" + name + "}", value)
        return text

    for _, method, target, _, headers, body, _, expected in rng.choice(actor.scene.exchanges):
        if actor.scene.stopping.is_set():
            return
        target, body = fill(target), fill(body).encode()
        if any(target.startswith(path) for path in KEPT_PATHS):
            continue
        headers = {name: fill(value) for name, value in headers.items() if name != "Authorization"}
        if actor.chance(change):
            try:
                body = json.dumps(changed(rng, json.loads(body))).encode()
            except ValueError:
                body = noise(rng, body) if body else b""
        if actor.chance(change / 4) and "=" in target:
            at = target.rindex("=") + 1
            target = target[:at] + urllib.parse.quote(rng.choice(["", "-1", "x'", "\0", "9" * 30, "../.."]))
        _, text = actor.ask(method, target, body or None, headers)
        with contextlib.suppress(ValueError, Failure, KeyError, TypeError, AttributeError):
            compare(json.loads(expected), json.loads(text), captured)


ACTIONS = [(predicts, 4), (predicts_by_grpc, 2), (is_rude, 2), (operates, 2), (kills, 1), (registers, 1), (tracks, 2), (keeps_logs, 2),
           (monitors, 1), (judges_data, 1), (runs_pipelines, 1), (logs_in, 1), (looks, 1), (hooks, 1), (says_what_tests_say, 3)]


def everything(backend=""):
    hooks_server = Hooks(("127.0.0.1", 0), Receiver)
    hooks_server.stopping = threading.Event()
    thread = threading.Thread(target=hooks_server.serve_forever)
    thread.start()
    try:
        with tempfile.TemporaryDirectory() as data:
            server = Server(BINARY, data, *OPTIONS, "--grpc-port-file", f"{data}/grpc-port", backend=backend,
                            environment={"MILLWRIGHT_ADMIN_PASSWORD": PASSWORD})
            with contextlib.ExitStack() as ended:
                ended.push(server.__exit__)
                run_scene(Scene(server, hooks_server.server_port))
    finally:
        hooks_server.stopping.set()
        hooks_server.shutdown()
        hooks_server.server_close()
        thread.join()


def prepare(scene):
    """What the actors find: versions, suites, datasets, logs and a monitor; returns who made it."""
    actor = Actor(scene, "prepares", None, 0)
    for name, example in EXAMPLES.items():
        for _ in range(3):
            register(Words(actor), name, example)
    set_suite(actor, "taxi", "fare", 150)
    set_suite(actor, "grown-up", "Age", 60)
    for number in range(3):
        actor.ask("PUT", f"/api/v1/datasets/rides-{number}/upload?filename=rides.csv", b"zone,fare\na,5\nb,160\n", TEXT)
    for name in ("shop", "fraud"):
        actor.ask("PUT", f"/api/v1/prediction-logs/{name}?{PUSHED}", rows_of_predictions(actor.rng, 3000), TEXT)
    expect(actor.post("/api/v1/monitors", monitor_spec(actor, "watch-0", "shop"))[0] == 200, "no monitor")
    return actor


def run_scene(scene):
    scene.begin()
    scene.log_in()
    setter = Words(prepare(scene))
    for kill in (False, True, False):
        scene.stopping.clear()
        scene.act(*ACTIONS)
        deadline = time.monotonic() + SECONDS / 3
        while time.monotonic() < deadline and scene.server.process.poll() is None and not scene.blamed:
            scene.stopping.wait(0.2)
        died = scene.server.process.poll()
        if kill:  # in the middle of it all
            scene.server.kill()
        scene.end()
        for (actor, status), count in sorted(scene.counts.items(), key=str):
            print(f"        {actor:22} {status!s:24} {count}", flush=True)
        scene.counts.clear()
        expect(died is None, f"the server died with {died}: {scene.server.log()[-4000:]}")
        expect(not scene.blamed, "\n".join(scene.blamed[:20]))
        ended = scene.server.process.returncode if kill else scene.server.stop()
        expect(kill or ended == 0 or GIVEN_UP in scene.server.log(), f"the server ended with {ended}: {scene.server.log()[-4000:]}")
        scene.begin()
    answer = setter.request("GET", "/api/v1/overview")
    expect(answer.status == 200, f"after all: {answer.status} {answer.body[:300]}")
    expect(scene.server.stop() == 0, f"the server did not end well, at rest: {scene.server.log()[-4000:]}")


def everything_on_postgres():
    with Postgres() as postgres:
        everything(postgres.new_database())


run_tests([("everything at once on sqlite", everything), ("everything at once on postgres", everything_on_postgres)])
