#!/usr/bin/env python3
"""Webhooks end to end: a receiver of another make, MLflow's messages, kill -9 in mid-delivery, the commands.

usage: webhooks.py BINARY
"""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import queue
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
OPTIONS = ("--webhook-allowed-host", "127.0.0.1", "--webhook-retry-ms", "20")
SECONDS_MAX = 60


class Receiver:
    """Puts what it is told into a queue and answers what `answer` says, 200 when it says nothing."""

    def __init__(self, answer=lambda told: 200):
        self.told = queue.Queue()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told = {"headers": dict(self.headers), "body": body, "json": json.loads(body)}
                receiver.told.put(told)
                status = answer(told)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        try:
            return self.told.get(timeout=SECONDS_MAX)
        except queue.Empty:
            raise Failure(f"nothing was told within {SECONDS_MAX} s") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def signature(secret, told, prefix):
    names = {"X-MLflow-": ("Delivery-Id", "Timestamp"), "webhook-": ("id", "timestamp")}[prefix]
    signed = ".".join(told["headers"][prefix + name] for name in names).encode() + b"." + told["body"]
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def deliveries(server, webhook, **query):
    return server.get(f"/api/v1/webhooks/{webhook}/deliveries", **query).json()["deliveries"]


def until(claim, what):
    """Asks until it holds: what ends well leaves no event to wait for."""
    deadline = time.monotonic() + SECONDS_MAX
    while not (answer := claim()):
        expect(time.monotonic() < deadline, f"{what} did not happen within {SECONDS_MAX} s")
    return answer


def create(server, url, events, **more):
    answer = server.post("/api/v1/webhooks", {"name": "hook", "url": url, "events": events, **more})
    expect(answer.status == 200, answer.body)
    return answer.json()["id"]


def mlflow_messages(backend):
    """Everything that MLflow's webhooks tell of a model and a prompt, in order and signed."""
    pairs = [("REGISTERED_MODEL", "CREATED"), ("MODEL_VERSION", "CREATED"), ("MODEL_VERSION_TAG", "SET"),
             ("MODEL_VERSION_TAG", "DELETED"), ("MODEL_VERSION_ALIAS", "CREATED"), ("MODEL_VERSION_ALIAS", "DELETED"),
             ("PROMPT", "CREATED"), ("PROMPT_VERSION", "CREATED"), ("PROMPT_TAG", "SET"), ("PROMPT_TAG", "DELETED"),
             ("PROMPT_VERSION_TAG", "SET"), ("PROMPT_VERSION_TAG", "DELETED"), ("PROMPT_ALIAS", "CREATED"),
             ("PROMPT_ALIAS", "DELETED")]
    with tempfile.TemporaryDirectory() as scratch, Receiver() as receiver, \
            Server(BINARY, pathlib.Path(scratch) / "data", *OPTIONS, backend=backend) as server:
        server.mlflow("webhooks", {"name": "all", "url": receiver.url, "secret": "s3cret",
                                   "events": [{"entity": entity, "action": action} for entity, action in pairs]})
        model = {"name": "m", "tags": [{"key": "a", "value": "b"}]}
        server.mlflow("registered-models/create", {**model, "description": "d"})
        server.mlflow("model-versions/create", {**model, "source": "mlflow-artifacts:/0/m"})
        server.mlflow("model-versions/set-tag", {"name": "m", "version": "1", "key": "k", "value": "v"})
        server.request("DELETE", "/api/2.0/mlflow/model-versions/delete-tag", {"name": "m", "version": "1", "key": "k"})
        # MLflow's webhooks tell nothing of a model's own tags.
        server.mlflow("registered-models/set-tag", {"name": "m", "key": "k", "value": "v"})
        server.mlflow("registered-models/alias", {"name": "m", "alias": "champion", "version": "1"})
        server.request("DELETE", "/api/2.0/mlflow/registered-models/alias", {"name": "m", "alias": "champion"})

        is_prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
        server.mlflow("registered-models/create", {"name": "p", "tags": [is_prompt, {"key": "a", "value": "b"}]})
        server.mlflow("model-versions/create", {"name": "p", "source": "dummy-source", "description": "d", "tags": [
            is_prompt, {"key": "mlflow.prompt.text", "value": "Hello {{name}}"}, {"key": "a", "value": "b"}]})
        server.mlflow("registered-models/set-tag", {"name": "p", "key": "k", "value": "v"})
        server.request("DELETE", "/api/2.0/mlflow/registered-models/delete-tag", {"name": "p", "key": "k"})
        server.mlflow("model-versions/set-tag", {"name": "p", "version": "1", "key": "k", "value": "v"})
        server.request("DELETE", "/api/2.0/mlflow/model-versions/delete-tag", {"name": "p", "version": "1", "key": "k"})
        server.mlflow("registered-models/alias", {"name": "p", "alias": "live", "version": "1"})
        server.request("DELETE", "/api/2.0/mlflow/registered-models/alias", {"name": "p", "alias": "live"})

        wanted = [
            ("registered_model", "created", {"name": "m", "tags": {"a": "b"}, "description": "d"}),
            ("model_version", "created", {"name": "m", "version": "1", "source": "mlflow-artifacts:/0/m",
                                          "run_id": None, "tags": {"a": "b"}, "description": None}),
            ("model_version_tag", "set", {"name": "m", "version": "1", "key": "k", "value": "v"}),
            ("model_version_tag", "deleted", {"name": "m", "version": "1", "key": "k"}),
            ("model_version_alias", "created", {"name": "m", "alias": "champion", "version": "1"}),
            ("model_version_alias", "deleted", {"name": "m", "alias": "champion"}),
            ("prompt", "created", {"name": "p", "tags": {"a": "b"}, "description": None}),
            ("prompt_version", "created", {"name": "p", "version": "1", "template": "Hello {{name}}",
                                           "tags": {"a": "b"}, "description": "d"}),
            ("prompt_tag", "set", {"name": "p", "key": "k", "value": "v"}),
            ("prompt_tag", "deleted", {"name": "p", "key": "k"}),
            ("prompt_version_tag", "set", {"name": "p", "version": "1", "key": "k", "value": "v"}),
            ("prompt_version_tag", "deleted", {"name": "p", "version": "1", "key": "k"}),
            ("prompt_alias", "created", {"name": "p", "alias": "live", "version": "1"}),
            ("prompt_alias", "deleted", {"name": "p", "alias": "live"}),
        ]
        for entity, action, data in wanted:
            told = receiver.next()
            seen = told["json"]
            expect((seen["entity"], seen["action"], seen["data"]) == (entity, action, data), f"told {seen}")
            expect(seen["timestamp"].endswith("+00:00"), seen["timestamp"])
            expect(told["headers"]["X-MLflow-Signature"] == signature(b"s3cret", told, "X-MLflow-"), "the signature")
            expect(abs(int(told["headers"]["X-MLflow-Timestamp"]) - time.time()) < 60, "the timestamp")


def test_call(backend):
    """MLflow's test call sends a message of its own and tells the answer."""
    with tempfile.TemporaryDirectory() as scratch, Receiver(lambda told: 418) as receiver, \
            Server(BINARY, pathlib.Path(scratch) / "data", *OPTIONS, backend=backend) as server:
        made = server.mlflow("webhooks", {"name": "t", "url": receiver.url,
                                          "events": [{"entity": "PROMPT_TAG", "action": "SET"}]})
        result = server.mlflow(f"webhooks/{made['webhook']['webhook_id']}/test", {})
        expect(result == {"result": {"success": False, "response_status": 418, "response_body": "ok"}}, result)
        expect(receiver.next()["json"]["entity"] == "prompt_tag", "the entity of the test")


def kill_in_mid_delivery(backend):
    """What the receiver had not answered yet is sent again under the same id; nothing is lost or out of order."""
    gate = threading.Event()

    def answer(_):
        gate.wait(SECONDS_MAX)
        return 200

    with tempfile.TemporaryDirectory() as scratch, Receiver(answer) as receiver, \
            Server(BINARY, pathlib.Path(scratch) / "data", *OPTIONS, backend=backend) as server:
        create(server, receiver.url, ["model.created"])
        for number in range(3):
            server.mlflow("registered-models/create", {"name": f"m{number}"})
        first = receiver.next()
        server.kill()
        gate.set()
        server.start()
        server.mlflow("registered-models/create", {"name": "m3"})
        again = receiver.next()
        expect(again["headers"]["webhook-id"] == first["headers"]["webhook-id"], "the id of the second attempt")
        names = [first["json"], again["json"], *(receiver.next()["json"] for _ in range(3))]
        names = [each["payload"]["name"] for each in names]
        expect(names == ["m0", "m0", "m1", "m2", "m3"], f"told of {names}")


def down_and_replay(backend):
    """A receiver that is down leaves dead letters, which a person replays by the command line."""
    up = threading.Event()
    with tempfile.TemporaryDirectory() as scratch, Receiver(lambda told: 200 if up.is_set() else 503) as receiver, \
            Server(BINARY, pathlib.Path(scratch) / "data", *OPTIONS, "--webhook-attempts-max", "2",
                   backend=backend) as server:
        (pathlib.Path(scratch) / "secret").write_text("s3cret-of-ours\n")
        made = json.loads(server.cli("webhooks", "create", "ci", receiver.url, "--event", "model.created", "--secret-file",
                                     f"{scratch}/secret", "--json").stdout)
        server.mlflow("registered-models/create", {"name": "m"})
        server.wait_for(lambda: deliveries(server, made["id"], state="dead"), "a dead letter")
        dead = json.loads(server.cli("webhooks", "deliveries", "ci", "--state", "dead", "--json").stdout)["deliveries"]
        expect(len(dead) == 1 and dead[0]["attempts"] == 2, dead)
        shown = server.cli("webhooks", "delivery", dead[0]["id"]).stdout
        expect("model.created of model:m: dead" in shown and "503" in shown, shown)
        up.set()
        done = server.cli("webhooks", "replay", "ci").stdout
        expect("1 dead letter of ci queued again" in done, done)
        until(lambda: deliveries(server, made["id"], state="delivered"), "the replay")
        told = [receiver.next() for _ in range(3)]
        expect(len({each["headers"]["webhook-id"] for each in told}) == 1, "one id in all attempts")
        for each in told:
            expect(each["headers"]["webhook-signature"] == signature(b"s3cret-of-ours", each, "webhook-"), "the signature")
        expect("took the message" in server.cli("webhooks", "test", "ci").stdout, "the test call")
        server.cli("webhooks", "update", "ci", "--status", "disabled", "--name", "cd")
        expect("DISABLED" in server.cli("webhooks", "list").stdout, "the list")
        expect("no_such" in server.cli("webhooks", "test", "no_such", check=False).stderr, "an unknown name")
        server.cli("webhooks", "delete", "cd")
        expect(json.loads(server.cli("webhooks", "list", "--json").stdout) == {"webhooks": []}, "one is left")
        # The secret is in no file of the server: not in the database, not in a log.
        server.stop()
        for path in (pathlib.Path(scratch) / "data").rglob("*"):
            expect(not path.is_file() or b"s3cret-of-ours" not in path.read_bytes(), f"the secret lies in {path}")


def several_servers():
    """Of several servers on one database one tells each event; when it is killed another goes on."""
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch, Receiver() as receiver:
        backend = postgres.new_database()
        options = (*OPTIONS, "--secret-key-file", f"{scratch}/secret.key")
        with Server(BINARY, pathlib.Path(scratch) / "a", *options, backend=backend) as first, \
                Server(BINARY, pathlib.Path(scratch) / "b", *options, backend=backend) as second:
            webhook = create(first, receiver.url, ["model.created"], secret="s")
            for number in range(10):
                (first, second)[number % 2].mlflow("registered-models/create", {"name": f"m{number}"})
            names = [receiver.next()["json"]["payload"]["name"] for _ in range(10)]
            expect(names == [f"m{number}" for number in range(10)], f"told of {names}")
            until(lambda: len(deliveries(second, webhook, state="delivered")) == 10, "the last delivery's end")
            first.kill()
            second.mlflow("registered-models/create", {"name": "last"})
            # The lease has to be missed first.
            told = receiver.next()
            expect(told["json"]["payload"]["name"] == "last", told["json"])
            expect(receiver.told.empty(), "nothing was told twice")


def both(name, test):
    def on_postgres():
        with Postgres() as postgres:
            test(postgres.new_database())
    return [(f"{name} on sqlite", lambda: test("")), (f"{name} on postgres", on_postgres)]


run_tests([*both("MLflow's messages are told", mlflow_messages), *both("a test call tells the answer", test_call),
           *both("kill -9 loses no delivery", kill_in_mid_delivery), *both("dead letters are replayed", down_and_replay),
           ("one of several servers tells", several_servers)])
