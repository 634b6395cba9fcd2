#!/usr/bin/env python3
"""Outcomes of a Kafka topic: recorded at least once and counted once, what cannot be read put aside, a server that comes and
goes, kill -9 of the consumer.

usage: outcome_stream.py BINARY
"""
import json
import pathlib
import signal
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.kafka import Brokers, StreamCommand  # noqa: E402
from harness.millwright import Postgres, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()


def log_orders(server, count):
    rows = "id,order,score\n" + "".join(f"p{i},{1000 + i},0.{i % 10}\n" for i in range(count))
    request = urllib.request.Request(f"{server.uri}/api/v1/prediction-logs/shop?filename=rows.csv&output=score",
                                     rows.encode(), method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        expect(json.load(answer)["predictions"] == count, "predictions")


def ask(server, sql):
    return server.post("/api/v1/endpoints/shop/predictions/query", {"sql": sql}).json()["rows"]


class Consumer(StreamCommand):
    """`millwright outcomes stream` of "truth" to the log "shop"."""

    def __init__(self, brokers, server, *words):
        super().__init__([BINARY, "outcomes", "stream", "shop", "truth", "--brokers", brokers.addresses, *words],
                         {"MILLWRIGHT_URI": server.uri})


MESSAGES = [
    ("p0", {"value": 1}),  # the key is the prediction's id
    ("-", {"prediction_id": "p1", "value": 0, "time_ms": 1700000000000}),
    ("-", {"prediction_id": "p1", "value": 1, "time_ms": 1700000000001}),  # corrected
    ("-", [{"prediction_id": "p2", "value": True}, {"prediction_id": "p3", "value": "late"}]),
    ("-", {"key": {"input": "order", "value": 1004}, "value": 0.5}),
    ("-", {"prediction_id": "nobody", "value": 1}),  # unknown as yet
    ("-", "this is no JSON"),
    ("-", None),
    ("-", {"prediction_id": "p5", "value": 1, "kind": "rumour"}),
    ("-", [{"prediction_id": "p6", "value": 1}, {"prediction_id": "p7"}]),  # one of them says nothing
    ("-", "[1, 2]"),
]
KNOWN = [["p0", 1.0, None], ["p1", 1.0, None], ["p2", 1.0, "true"], ["p3", None, "late"], ["p4", 0.5, None], ["p6", 1.0, None]]


def outcomes_are_recorded_once(backend):
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        server = Server(BINARY, pathlib.Path(folder) / "data", backend=backend)
        with server:
            log_orders(server, 10)
            brokers.create("truth", 1)
            brokers.produce("truth", MESSAGES)
            answer = Consumer(brokers, server, "--until-end").end()
            expect(answer == {"messages": len(MESSAGES), "outcomes": 8, "dead_letters": 5, "lag": 0}, f"{answer}")
            known = "SELECT id, outcome, outcome_text FROM predictions WHERE outcome_time_ms IS NOT NULL ORDER BY id"
            expect(ask(server, known) == KNOWN, f"{ask(server, known)}")
            dead = brokers.read("truth-dead-letter", 5)
            reasons = {one["headers"]["millwright-id"]: one["headers"]["millwright-reason"] for one in dead}
            expect(set(reasons) == {f"truth-0-{offset}" for offset in (6, 7, 8, 9, 10)}, f"{reasons}")
            expect("rumour" in reasons["truth-0-8"] and "no value" in reasons["truth-0-7"], f"{reasons}")
            told = "SELECT count(*), count(DISTINCT source) FROM outcomes"
            expect(ask(server, told) == [[8, 8]], f"{ask(server, told)}")
            # All of it once more, as after a crash before the commit, between newer truths of the same time.
            server.post("/api/v1/outcomes", {"endpoint": "shop", "outcomes": [
                {"prediction_id": "p1", "value": 7, "time_ms": 1700000000001}]})
            answer = Consumer(brokers, server, "--until-end", "--group", "another").end()
            expect(answer["outcomes"] == 8, f"{answer}")
            expect(ask(server, told) == [[9, 8]], f"told twice, counted twice: {ask(server, told)}")
            expect(ask(server, "SELECT outcome FROM predictions WHERE id = 'p1'") == [[7.0]], "an old truth came back")
            # And after a restart, when the log is read from its files.
            server.stop()
            server.start()
            expect(ask(server, told) == [[9, 8]], f"after a restart: {ask(server, told)}")


def a_server_that_is_away_is_waited_for():
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        server = Server(BINARY, pathlib.Path(folder) / "data")
        with server:
            log_orders(server, 300)
            brokers.create("truth", 2)
            port = server.port
            server.stop()
            brokers.produce("truth", [(f"p{i}", {"value": i % 2}) for i in range(300)])
            consumer = Consumer(brokers, server, "--until-end", "--batch-messages", 50)
            consumer.wait_for_line("outcomes cannot be recorded")
            server.wanted_port = port
            server.start()
            answer = consumer.end()
            expect(answer["messages"] == 300 and answer["dead_letters"] == 0 and answer["lag"] == 0, f"{answer}")
            expect(ask(server, "SELECT count(outcome), sum(outcome) FROM predictions") == [[300, 150.0]], "not all")


def kill_9_loses_nothing_and_counts_nothing_twice():
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        server = Server(BINARY, pathlib.Path(folder) / "data")
        with server:
            log_orders(server, 2000)
            brokers.create("truth", 2)
            brokers.produce("truth", [(f"p{i}", {"value": i % 2}) for i in range(2000)])
            seen = 0
            for _ in range(4):
                consumer = Consumer(brokers, server, "--batch-messages", 5)
                before = seen
                while seen == before and consumer.process.poll() is None:
                    seen = ask(server, "SELECT count(*) FROM outcomes")[0][0]
                consumer.end(signal.SIGKILL)
            consumer = Consumer(brokers, server, "--until-end")
            answer = consumer.end()
            expect(answer["lag"] == 0, f"{answer}")
            told = ask(server, "SELECT count(*), count(DISTINCT prediction_id) FROM outcomes")
            expect(told == [[2000, 2000]], f"{told}")


def on_both_databases():
    outcomes_are_recorded_once("")
    with Postgres() as postgres:
        outcomes_are_recorded_once(postgres.new_database())


run_tests([
    ("outcomes of a topic are recorded once, on SQLite and PostgreSQL", on_both_databases),
    ("a server that is away is waited for", a_server_that_is_away_is_waited_for),
    ("kill -9 loses nothing and counts nothing twice", kill_9_loses_nothing_and_counts_nothing_twice),
])
