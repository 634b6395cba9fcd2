#!/usr/bin/env python3
"""An endpoint at full load: every step of a rollout, the death of replicas, of the gateway and of the
database cost no request that they need not cost.

usage: gateway_load.py BINARY
"""
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.load import SECONDS_MAX, Clients  # noqa: E402
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402
from harness.models import first_case, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CLIENTS = 8


class Load(Clients):
    """Clients that ask over connections of their own that stay open, as fast as answers come."""

    def __init__(self, server, users=0):
        super().__init__(CLIENTS)
        self.port, self.users = server.port, users
        self.versions = {}

    def run(self, number):
        body = json.dumps(first_case()[0])
        connection, asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_MAX), 0
        while not self.stopping.is_set():
            headers = {"Content-Type": "application/json"}
            if self.users:
                headers["X-User"] = f"user-{(number + asked * CLIENTS) % self.users}"
            asked += 1
            try:
                connection.request("POST", "/v2/models/cancer/infer", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                failure = None if answer.status == 200 else f"{answer.status} {text[:200]}"
                self.note(failure, None if failure else json.loads(text)["model_version"], headers.get("X-User"))
            except (OSError, http.client.HTTPException) as error:
                self.note(repr(error))
                connection.close()

    def keep(self, version, key):
        self.versions.setdefault(key, []).append(version)

    def wait_until(self, holds, claim):
        """Looks again after each few answers."""
        deadline = time.monotonic() + SECONDS_MAX
        while not holds():
            expect(time.monotonic() < deadline, claim)
            self.wait_for(5)


def post(server, route, body):
    answer = server.post(f"/api/v1/endpoints{route}", body)
    expect(answer.status == 200, f"{route or 'deploy'}: {answer.status} {answer.body[:300]}")
    return answer.json()


def endpoint(server):
    return server.get("/api/v1/endpoints/cancer").json()


def replicas(server):
    return [replica for revision in endpoint(server)["revisions"] for replica in revision["replicas"]
            if replica["state"] == "ready"]


def live(server):
    return next(r["model_version"] for r in endpoint(server)["revisions"] if r["role"] == "live")


def no_failures(load):
    expect(not load.failures, f"{len(load.failures)} of {load.answered} failed: {load.failures[:3]}")


def every_step(backend=""):
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data, backend=backend) as server:
        first, second, third = (register(server, "cancer") for _ in range(3))
        post(server, "", {"name": "cancer", "model": "cancer", "version": first, "replicas": 2})
        with Load(server) as load:
            load.wait_for(300)
            steps = [("/cancer/shadow", {"version": third}),
                     ("/cancer/canary", {"version": second, "weight": 10}),
                     ("/cancer/canary", {"version": third, "weight": 20}),
                     ("/cancer/weights", {"weights": {first: 20, second: 50, third: 30}}),
                     ("/cancer/retire", {"version": third}),
                     ("/cancer/promote", {"version": second}),
                     ("/cancer/scale", {"replicas": 3}),
                     ("/cancer/rollback", {})]
            for route, body in steps:
                post(server, route, body)
                load.wait_for(300)
            expect(live(server) == first, f"version {live(server)} is live after the rollback")
            for _ in range(3):
                before = replicas(server)
                os.kill(before[0]["pid"], signal.SIGKILL)
                load.wait_until(lambda: before[0]["pid"] not in [r["pid"] for r in replicas(server)] and
                                len(replicas(server)) == 3, "the replica was not replaced")
            load.wait_for(300)
        no_failures(load)
        print(f"        {load.answered} requests, 0 failed", flush=True)


def every_step_on_postgres():
    with Postgres() as postgres:
        every_step(postgres.new_database())


def users_stay():
    """While shares move from one version to another under load, each user changes side at most once."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        first, second = register(server, "cancer"), register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": first, "replicas": 2})
        post(server, "/cancer/policy", {"sticky_by": "header:X-User"})
        post(server, "/cancer/canary", {"version": second, "weight": 10})
        with Load(server, users=80) as load:
            for weight in (10, 25, 50, 75):
                post(server, "/cancer/weights", {"weights": {first: 100 - weight, second: weight}})
                load.wait_for(400)
        no_failures(load)
        for user, versions in load.versions.items():
            changes = sum(a != b for a, b in zip(versions, versions[1:]))
            expect(changes <= 1 and (changes == 0 or versions[-1] == second),
                   f"{user} was moved about: {versions}")
        moved = sum(versions[-1] == second for versions in load.versions.values())
        expect(0.5 < moved / len(load.versions) < 0.95, f"{moved} of {len(load.versions)} are on version 2")


def database_down():
    """Loaded endpoints answer on, and a replica that dies meanwhile comes back."""
    with Postgres() as postgres, tempfile.TemporaryDirectory() as data, \
            Server(BINARY, data, backend=postgres.new_database()) as server:
        version = register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": version, "replicas": 2})
        pids = [replica["pid"] for replica in replicas(server)]
        with Load(server) as load:
            load.wait_for(100)
            postgres.stop()
            load.wait_for(300)
            os.kill(pids[0], signal.SIGKILL)
            load.wait_for(300)
            postgres.start()
            load.wait_until(lambda: len(replicas(server)) == 2 and
                            pids[0] not in [r["pid"] for r in replicas(server)], "the replica is not back")
        no_failures(load)


def gateway_killed():
    """What the gateway was told is there after its death; what runs on its replicas ends with it."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        first, second = register(server, "cancer"), register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": first, "replicas": 2})
        post(server, "/cancer/canary", {"version": second, "weight": 40})
        post(server, "/cancer/policy", {"cache_ttl_ms": 60_000, "sticky_by": "header:X-User"})
        before = endpoint(server)
        pids = [replica["pid"] for replica in replicas(server)]
        with Load(server):
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        deadline = time.monotonic() + SECONDS_MAX
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in pids):
            expect(time.monotonic() < deadline, "replicas outlived the gateway")
        server.start()
        answer = server.post("/v2/models/cancer/infer", first_case()[0])
        expect(answer.status == 200, f"after the restart: {answer.status} {answer.body[:300]}")
        after = endpoint(server)
        for key in ("policy", "live_version"):
            expect(after[key] == before[key], f"{key}: {after[key]} instead of {before[key]}")
        split = [(r["id"], r["role"], r["weight"], r["slots"]) for r in before["revisions"]]
        expect([(r["id"], r["role"], r["weight"], r["slots"]) for r in after["revisions"]] == split,
               "the split is another one")


def wakes_up():
    """An endpoint without a replica holds what comes until one is there."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        version = register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": version})
        post(server, "/cancer/policy", {"replicas_min": 0, "replicas_max": 3, "quiet_ms": 0})
        took = []
        for _ in range(5):
            deadline = time.monotonic() + SECONDS_MAX
            while replicas(server):
                expect(time.monotonic() < deadline, "the endpoint does not go to sleep")
            ready = server.get("/v2/models/cancer/ready")
            expect(ready.status == 200, f"a sleeping endpoint is said to be away: {ready.body}")
            start = time.monotonic()
            answer = server.post("/v2/models/cancer/infer", first_case()[0])
            took.append((time.monotonic() - start) * 1000)
            expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
        print("        from asleep to the answer: " + ", ".join(f"{ms:.0f} ms" for ms in took), flush=True)
        post(server, "/cancer/policy", {"replica_concurrency": 1, "quiet_ms": 60_000})
        with Load(server) as load:
            load.wait_until(lambda: len(replicas(server)) >= 2, "the replicas do not follow the requests")
        no_failures(load)


def several_wake_at_once():
    """Each time with something wrong with the processes that rest until then, and after a restart of the server."""
    names = ["one", "two", "three"]
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        version = register(server, "cancer")
        for name in names:
            post(server, "", {"name": name, "model": "cancer", "version": version})
            post(server, f"/{name}/policy", {"replicas_min": 0, "replicas_max": 1, "quiet_ms": 0})

        def resting():
            tasks = pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/children")
            pids = [int(pid) for task in tasks for pid in task.read_text().split()]
            return [pid for pid in pids if b"\0serve" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]

        def counts(series):
            text = server.get("/metrics").body.decode()
            return {labels: int(count) for labels, count in re.findall(rf"^{series}(\S*) (\d+)$", text, re.M)}

        def all_sleep():
            deadline = time.monotonic() + SECONDS_MAX
            while counts("millwright_spare_replicas")[""] < len(names) or any(
                    revision["replicas"] for name in names
                    for revision in server.get(f"/api/v1/endpoints/{name}").json()["revisions"]):
                expect(time.monotonic() < deadline, "the endpoints do not go to sleep")
            return resting()

        def ask_all(what):
            with concurrent.futures.ThreadPoolExecutor(len(names)) as callers:
                answers = list(callers.map(lambda name: server.post(f"/v2/models/{name}/infer", first_case()[0]), names))
            for answer in answers:
                expect(answer.status == 200, f"{what}: {answer.status} {answer.body[:300]}")

        all_sleep()
        ask_all("all three at once")
        os.kill(all_sleep()[0], signal.SIGKILL)
        ask_all("one that rested was killed")
        os.kill(all_sleep()[0], signal.SIGSTOP)
        ask_all("one that rested hangs")
        before = all_sleep()
        server.kill()
        deadline = time.monotonic() + SECONDS_MAX
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in before):
            expect(time.monotonic() < deadline, "processes that rested outlived the server")
        server.start()
        all_sleep()
        ask_all("after a restart")
        print(f"        since the restart: {counts('millwright_replica_starts_total')}", flush=True)


def a_replica_that_hangs_costs_no_request():
    """Stopped by the kernel it holds what it was asked; others are asked the same, and then it goes."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        version = register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": version, "replicas": 3})
        post(server, "/cancer/policy", {"hedge_percent": 100})
        with Load(server) as load:
            load.wait_for(500)
            hung = replicas(server)[0]["pid"]
            os.kill(hung, signal.SIGSTOP)
            load.wait_until(lambda: hung not in [r["pid"] for r in replicas(server)] and
                            len(replicas(server)) == 3, "the replica that hangs was not replaced")
        no_failures(load)
        print(f"        {load.answered} requests, 0 failed", flush=True)


def limits_are_kept():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        version = register(server, "cancer")
        post(server, "", {"name": "cancer", "model": "cancer", "version": version})
        request = first_case()[0]
        post(server, "/cancer/policy", {"requests_per_s": 0.01, "burst": 2})
        tensor = request["inputs"][0]
        rows = [tensor["data"][:tensor["shape"][1]]]
        protocols = {"/v2/models/cancer/infer": request, "/v1/models/cancer:predict": {"instances": rows},
                     "/endpoints/cancer/invocations": {"inputs": rows}}
        statuses = [server.post(path, body).status for path, body in list(protocols.items())[:2]]
        expect(statuses == [200, 200], f"within the limit: {statuses}")
        for path, body in protocols.items():
            refused = server.post(path, body)
            expect(refused.status == 429, f"{path}: {refused.status} {refused.body[:200]}")
            expect(0 < int(refused.headers["Retry-After"]) <= 100 and
                   refused.headers["RateLimit-Remaining"] == "0", f"{path}: {refused.headers}")
        post(server, "/cancer/policy", {"requests_per_s": 0, "request_bytes": 50})
        for path, body in protocols.items():
            refused = server.post(path, body)
            expect(refused.status == 413, f"{path}: {refused.status} {refused.body[:200]}")
        post(server, "/cancer/policy", {"request_bytes": 0})
        for path, body in protocols.items():
            size = len(server.post(path, body).body)
            post(server, "/cancer/policy", {"response_bytes": size})
            expect(server.post(path, body).status == 200, f"{path}: an answer of the size that is allowed is refused")
            post(server, "/cancer/policy", {"response_bytes": size - 1})
            refused = server.post(path, body)
            claim = f"The answer has {size} bytes, endpoint cancer gives at most {size - 1}"
            expect(refused.status == 400 and claim in refused.body.decode(), f"{path}: {refused.status} {refused.body[:200]}")
            post(server, "/cancer/policy", {"response_bytes": 0})
        expect(endpoint(server)["limits"]["too_large"] == 6, f"{endpoint(server)['limits']}")
        post(server, "/cancer/policy", {"rows_per_day": 2})
        refused = server.post("/endpoints/cancer/invocations", {"inputs": rows * 3})
        expect(refused.status == 429 and "2 of 2 rows left" in refused.body.decode(), f"{refused.body}")


run_tests([("every step of a rollout at full load costs no request on sqlite", every_step),
           ("every step of a rollout at full load costs no request on postgres", every_step_on_postgres),
           ("users stay on their side when shares move under load", users_stay),
           ("a database that is down costs no request", database_down),
           ("a killed gateway serves again as it did", gateway_killed),
           ("a replica that hangs costs no request", a_replica_that_hangs_costs_no_request),
           ("an endpoint that sleeps wakes for a request", wakes_up),
           ("endpoints that sleep wake at once, whatever became of what rests", several_wake_at_once),
           ("callers and sizes are held to the limits in every protocol", limits_are_kept)])
