#!/usr/bin/env python3
"""Measures how long a request waits for an endpoint that has no replica: each model alone, with the processor time of
its replica, 1, 2, 4 and 8 endpoints asked at the same moment, one after another every 300 ms, and one endpoint that
needs two replicas at once. Says how many of the replicas were processes that had to be begun, and what the processes
take that rest until then.

usage: bench/serving/wakes.py [--rounds N] [--only TEXT] [--quiet-ms MS] BINARY[,OPTION…]…

Several binaries, or one with several options (`build/millwright,--endpoint-spares-max=1`), have a server each and take
turns. An endpoint sleeps when it was not asked for MS milliseconds; by 0, at once, a process may be the replica of two
endpoints in one round. Before each round all endpoints sleep and what the server does in the background is done; in
the flow only the endpoint that is asked next has to sleep.
"""
import argparse
import contextlib
import json
import pathlib
import re
import selectors
import socket
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness.millwright import Server  # noqa: E402
from harness.models import first_case, register  # noqa: E402

MODELS = ("breast_cancer_lr", "wine_rf", "digits_mlp", "flights_late_xgb", "diabetes_ridge", "digits_cnn", "fashion_cnn",
          "wine_rf_zipmap")
ALONE = ("breast_cancer_lr", "wine_rf", "digits_cnn", "fashion_cnn", "flights_late_xgb", "spam_transformer")
PAIRED = "fashion_cnn"  # slow enough for requests to be there at the same time
GOAL_MS = 50
FLOW_S = 0.3
SETTLED_S = 1.5
SECONDS_MAX = 300


def children(pid):
    """The processes that a server has begun and that still run."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def processor_ms(pids):
    """What the threads that these processes have now have taken so far."""
    total = 0
    for pid in pids:
        for account in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # the thread has ended
                total += int(account.read_text().split()[0])
    return total / 1e6


def memory_mib(pid):
    """Resident, proportional (what is shared is divided), and its own."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    kib = {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)}
    return kib["Rss"] / 1024, kib["Pss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024


class Sleepers:
    """A server whose endpoints go to sleep when they are not asked for a while."""

    def __init__(self, words, data, quiet_ms):
        self.quiet_ms = quiet_ms
        binary, *options = words.split(",")
        self.name = " ".join([pathlib.Path(binary).name, *options])
        self.processor_ms = []  # of the replicas that were asked alone
        self.server = Server(pathlib.Path(binary).resolve(), data, "--log-level", "warning", *options)

    def deploy(self, name, model, **policy):
        version = register(self.server, name, model)
        limits = {"replicas_min": 0, "replicas_max": 1, "quiet_ms": self.quiet_ms, **policy}
        for path, body in (("", {"name": name, "model": name, "version": version}), (f"/{name}/policy", limits)):
            answer = self.server.post(f"/api/v1/endpoints{path}", body)
            if answer.status != 200:
                sys.exit(f"{name}: {answer.status} {answer.body}")

    def deploy_all(self):
        for model in dict.fromkeys(MODELS + ALONE):
            self.deploy(model, model)
        self.deploy("pair", PAIRED, replicas_max=2, replica_concurrency=1, quiet_ms=3000)

    def replicas(self, name):
        revisions = self.server.get(f"/api/v1/endpoints/{name}").json()["revisions"]
        return [replica for revision in revisions for replica in revision["replicas"]]

    def awake(self):
        endpoints = self.server.get("/api/v1/endpoints").json()["endpoints"]
        return {endpoint["name"] for endpoint in endpoints
                if any(revision["replicas"] for revision in endpoint["revisions"])}

    def wait(self, holds, what):
        deadline = time.monotonic() + SECONDS_MAX
        while not holds():
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: {what}")
            time.sleep(0.005)

    def settle(self):
        self.wait(lambda: not self.awake(), "endpoints do not go to sleep")
        since, before = time.monotonic(), children(self.server.process.pid)
        while time.monotonic() - since < SETTLED_S:
            time.sleep(0.05)
            now = children(self.server.process.pid)
            if now != before:
                since, before = time.monotonic(), now
        return before

    def last_event(self):
        return self.server.get("/api/v1/events", limit=1).json()["events"][0]["seq"]

    def begun(self, last, before):
        """Of the replicas started since, those whose process is new."""
        self.settled = self.settle()  # the events are written by then
        events = self.server.get("/api/v1/events", after=last, limit=1000).json()["events"]
        pids = [event["payload"]["pid"] for event in events if event["kind"] == "replica.started"]
        return len(pids), len(set(pids) - before)

    def ask(self, names):
        """One request each at the same moment, over connections that are open; milliseconds to each answer."""
        selector, took, connections = selectors.DefaultSelector(), [], []
        for name in names:
            body = json.dumps(first_case(PAIRED if name == "pair" else name)[0])
            connection = socket.create_connection(("127.0.0.1", self.server.port))
            head = (f"POST /v2/models/{name}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n")
            connections.append((connection, (head + body).encode()))
            selector.register(connection, selectors.EVENT_READ)
        time.sleep(0.02)
        self.asked = start = time.monotonic()
        for connection, request in connections:
            connection.sendall(request)
        while len(took) < len(names):
            for key, _ in selector.select(SECONDS_MAX):
                took.append((time.monotonic() - start) * 1000)
                answer = key.fileobj.recv(64)
                if not answer.startswith(b"HTTP/1.1 200"):
                    sys.exit(f"{self.name}: {answer}")
                selector.unregister(key.fileobj)
                key.fileobj.close()
        return took


def alone(model):
    def measure(sleepers):
        before, last, taken_ms = sleepers.settled, sleepers.last_event(), processor_ms(sleepers.settled)
        took = sleepers.ask([model])
        sleepers.processor_ms.append(processor_ms(before) - taken_ms)
        return took, *sleepers.begun(last, before)
    return measure


def at_once(count):
    def measure(sleepers):
        before, last = sleepers.settled, sleepers.last_event()
        took = sleepers.ask(MODELS[:count])
        return took, *sleepers.begun(last, before)
    return measure


def flow(sleepers):
    before, last, took = sleepers.settled, sleepers.last_event(), []
    for i in range(12):
        name = MODELS[i % 4]
        sleepers.wait(lambda: name not in sleepers.awake(), f"{name} does not go to sleep")
        start = time.monotonic()
        took += sleepers.ask([name])
        time.sleep(max(0, FLOW_S - (time.monotonic() - start)))
    started, begun = sleepers.begun(last, before)
    return took, started, begun


def pair(sleepers):
    """Until both replicas are ready of an endpoint that eight callers ask at once."""
    before, last = sleepers.settled, sleepers.last_event()
    sleepers.ask(["pair"] * 8)
    ready = lambda: sum(replica["state"] == "ready" for replica in sleepers.replicas("pair")) == 2  # noqa: E731
    sleepers.wait(ready, "there is no second replica")
    return [(time.monotonic() - sleepers.asked) * 1000], *sleepers.begun(last, before)


CASES = [(f"{model} alone", alone(model)) for model in ALONE]
CASES += [("1 endpoint", at_once(1)), ("2 at once", at_once(2)), ("4 at once", at_once(4)), ("8 at once", at_once(8)),
          ("one every 300 ms", flow), ("until 2 replicas", pair)]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("binaries", nargs="+")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="")
    parser.add_argument("--quiet-ms", type=int, default=0)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        all_of_them = []
        for words in given.binaries:
            sleepers = Sleepers(words, stack.enter_context(tempfile.TemporaryDirectory()), given.quiet_ms)
            stack.enter_context(sleepers.server)
            sleepers.deploy_all()
            sleepers.settled = sleepers.settle()
            all_of_them.append(sleepers)
        print("| asked | program | answers | least ms | median ms | p90 ms | most ms | within 50 ms | replicas "
              "| of new processes | processor ms |\n" + "| --- " * 11 + "|", flush=True)
        for case, measure in CASES:
            if given.only not in case:
                continue
            found = {sleepers: ([], [0, 0]) for sleepers in all_of_them}
            for sleepers in all_of_them:
                measure(sleepers)  # once, so that what is measured is how it goes on
                sleepers.processor_ms.clear()
            for _ in range(given.rounds):
                for sleepers, (took, counts) in found.items():
                    more, started, begun = measure(sleepers)
                    took += more
                    counts[0] += started
                    counts[1] += begun
            for sleepers, (took, (started, begun)) in found.items():
                p90 = statistics.quantiles(took, n=10, method="inclusive")[-1] if len(took) > 1 else took[0]
                fast = sum(ms < GOAL_MS for ms in took)
                work = f"{statistics.median(sleepers.processor_ms):.1f}" if sleepers.processor_ms else "-"
                print(f"| {case} | {sleepers.name} | {len(took)} | {min(took):.0f} | {statistics.median(took):.0f} | "
                      f"{p90:.0f} | {max(took):.0f} | {100 * fast / len(took):.0f} % | {started} | {begun} | "
                      f"{work} |", flush=True)
        print("\n| program | processes that rest | resident MiB each | proportional MiB each | own MiB each |\n"
              "| --- | --- | --- | --- | --- |")
        for sleepers in all_of_them:
            resting = [memory_mib(pid) for pid in sleepers.settle()]
            sizes = " | ".join(f"{statistics.mean(column):.0f}" for column in zip(*resting)) or "- | - | -"
            print(f"| {sleepers.name} | {len(resting)} | {sizes} |")


if __name__ == "__main__":
    main()
