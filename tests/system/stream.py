#!/usr/bin/env python3
"""Predictions of a Kafka topic: at least once, bad rows put aside, brokers that come and go.

usage: stream.py BINARY
"""
import csv
import json
import pathlib
import re
import signal
import struct
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.kafka import Brokers, StreamCommand  # noqa: E402
from harness.millwright import expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CREDIT = MODELS / "credit_columns/model.onnx"
APPLICANTS = pathlib.Path(__file__).resolve().parents[2] / "examples/score/applicants.csv"
TEXTS = {"Home", "Marital", "Records", "Job", "id"}


def applicants():
    """The example's rows, as a program that has read them would send them."""
    with APPLICANTS.open() as file:
        return [{key: value if key in TEXTS else None if value == "" else float(value)
                 for key, value in row.items()} for row in csv.DictReader(file)]


class Stream(StreamCommand):
    """`millwright stream` of "in" to "out"."""

    def __init__(self, brokers, *words, model=CREDIT):
        super().__init__([BINARY, "stream", "--model", model, "--kafka", "in:out", "--brokers", brokers.addresses, *words])


def as_written(value):
    """The bits of the model's own number: a JSON file of scores holds it as a double."""
    return struct.pack("<f", value) if isinstance(value, float) else value


def predictions_of(message):
    return json.loads(message["value"])["predictions"]


def the_same_numbers():
    rows = applicants()
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        brokers.create("in", 2)
        brokers.produce("in", [(f"key{i}", row) for i, row in enumerate(rows)] + [("list", rows)])
        answer = Stream(brokers, "--until-end").end()
        expect(answer["messages"] == len(rows) + 1 and answer["rows"] == 2 * len(rows) and answer["lag"] == 0, f"{answer}")
        read = {one["key"]: one for one in brokers.read("out", len(rows) + 1)}
        stream = [predictions_of(read[f"key{i}"])[0] for i in range(len(rows))]
        expect(predictions_of(read["list"]) == stream, "a list gives other numbers than its rows")
        expect(read["key0"]["headers"]["trace"] == "of key0", f"headers: {read['key0']['headers']}")
        value = json.loads(read["key0"]["value"])
        expect(value["model"] == str(CREDIT) and value["version"] == "1", f"{value}")
        expect(re.fullmatch(r"in-[01]-\d+", value["id"]) and read["key0"]["headers"]["millwright-id"] == value["id"], f"{value}")
        # Batch, by the command line.
        output = pathlib.Path(folder) / "scored.jsonl"
        subprocess.run([str(BINARY), "score", "--model", str(CREDIT), "--input", str(APPLICANTS), "--output", str(output),
                        "--keep", "none"], check=True, capture_output=True)
        batch = [json.loads(line) for line in output.read_text().splitlines()]
        as_float32 = [{key: as_written(value) for key, value in row.items()} for row in batch]
        expect(as_float32 == [{key: as_written(value) for key, value in row.items()} for row in stream],
               f"score: {batch[0]}, stream: {stream[0]}")
        # Online.
        with ModelServer(BINARY, f"credit={CREDIT}") as server:
            asked = [{key: value for key, value in row.items() if key != "id"} for row in rows]
            status, online = server.ask("credit", {"dataframe_records": asked})
            expect(status == 200, f"{online}")
            found = online["predictions"]
            expect(found["label"] == [row["label"] for row in stream] and found["probabilities"] ==
                   [[row["probabilities_0"], row["probabilities_1"]] for row in stream], f"{found} is not {stream}")


def bad_rows_are_put_aside():
    row = applicants()[0]
    bad = {**row, "Age": "old"}
    with Brokers(BINARY) as brokers:
        brokers.create("in", 1)
        brokers.produce("in", [("a", row), ("b", "{not json"), ("c", bad), ("d", [row, bad, row]), ("e", None), ("f", "[]"),
                               ("g", "7"), ("h", {"Age": 1}), ("i", [[1, 2], "x"]), ("j", {**row, "Home": 7}),
                               ("k", '{"Home": "\\ud800"}'), ("l", row)])
        answer = Stream(brokers, "--until-end").end()
        expect(answer["messages"] == 12 and answer["rows"] == 4, f"{answer}")
        read = {one["key"]: one for one in brokers.read("out", 3)}
        expect(set(read) == {"a", "d", "l"}, f"{set(read)}")
        first, second, third = predictions_of(read["d"])
        expect(first == third == predictions_of(read["a"])[0] and second is None, f"{read['d']}")
        dead = brokers.read("in-dead-letter", answer["dead_letters"])
        expect(answer["dead_letters"] == 11, f"{answer}")
        reasons = {(one["key"], one["headers"].get("millwright-row")): one for one in dead}
        for key, words in ((("b", None), "JSON"), (("c", None), "Column Age"), (("d", "1"), "Column Age"),
                           (("e", None), "no value"), (("f", None), "no row"), (("g", None), "neither a row"),
                           (("h", None), "must not be missing"), (("i", "0"), "by name"), (("i", "1"), "a row is"),
                           (("j", None), "Column Home"), (("k", None), "JSON")):
            reason = reasons[key]["headers"]["millwright-reason"]
            expect(words.lower() in reason.lower(), f"{key}: {reason}")
            row = key[1]
            expect(row is None or reason.startswith(f"Row {row}: "), f"{key} names another row: {reason}")
            expect("(row " not in reason, f"{key} counts the rows of the batch: {reason}")
        expect(json.loads(reasons["d", "1"]["value"]) == bad, "the bad row of a list is not what was put aside")
        expect(reasons["b", None]["value"] == "{not json" and reasons["b", None]["headers"]["millwright-id"] == "in-0-1", "b")
        expect(reasons["e", None]["value"] is None, "a tombstone")


def nothing_is_lost():
    rows = applicants()
    count = 3000
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        brokers.create("in", 4)
        brokers.produce("in", [(f"k{i}", {**rows[i % len(rows)], "n": i}) for i in range(count)])
        port_file = pathlib.Path(folder) / "port"
        kills = 0
        for _ in range(3):
            port_file.unlink(missing_ok=True)
            stream = Stream(brokers, "--batch-messages", 20, "--keep", "n", "--metrics-port", 0, "--metrics-port-file", port_file)
            while not port_file.exists():
                expect(stream.process.poll() is None, "".join(stream.log))
                with stream.said:
                    stream.said.wait(0.02)
            delivered = 0
            while delivered < 200:  # in the middle of it
                text = urllib.request.urlopen(f"http://127.0.0.1:{port_file.read_text()}/metrics").read().decode()
                delivered = int(re.search(r"^millwright_stream_delivered_total (\d+)", text, re.M)[1])
                if re.search(r"^millwright_stream_lag 0$", text, re.M) and delivered:
                    break
            stream.end(signal.SIGKILL)
            kills += 1
        last = Stream(brokers, "--batch-messages", 20, "--keep", "n", "--until-end").end()
        expect(last["lag"] == 0, f"{last}")
        # The mock counts what is in the topic by offsets: all that was written is read.
        read = brokers.read("out", count)
        ids = {}
        extra = 0
        for one in read:
            value = json.loads(one["value"])
            number = value["predictions"][0]["n"]
            extra += ids.setdefault(number, value["id"]) != value["id"]
        expect(extra == 0, f"{extra} repeats have other ids")
        seen = set(ids)
        while len(seen) < count:  # repeats stood among the first
            read = brokers.read("out", len(read) + count - len(seen))
            seen = {json.loads(one["value"])["predictions"][0]["n"] for one in read}
        expect(seen == set(range(count)), f"{count - len(seen)} are lost after {kills} kills")


def brokers_come_and_go():
    rows = applicants()
    with Brokers(BINARY) as brokers:
        brokers.create("in", 1)
        brokers.produce("in", rows)
        stream = Stream(brokers)
        brokers.read("out", len(rows))
        brokers.wait_for_commit("in", "millwright-in-out", len(rows))  # else they are rightly read again
        expect(brokers.do("down") == "ok", "down")
        stream.wait_for_line("no broker answers")
        expect(brokers.do("up") == "ok", "up")
        brokers.produce("in", rows)
        brokers.read("out", 2 * len(rows))
        answer = stream.end(signal.SIGINT)
        expect(answer["messages"] == 2 * len(rows), f"{answer}")
        lost = [line for line in stream.log if "no broker answers" in line]
        expect(1 <= len(lost) <= 2, f"said {len(lost)} times of two sides: {lost}")
        # What was answered was committed: nothing is left for the next.
        answer = Stream(brokers, "--until-end").end()
        expect(answer["messages"] == 0, f"read again: {answer}")


def members_share():
    rows = applicants()
    with Brokers(BINARY) as brokers:
        brokers.create("in", 4)
        first = Stream(brokers)
        brokers.produce("in", [(f"a{i}", rows[i % 5]) for i in range(200)])
        brokers.read("out", 200)
        second = Stream(brokers)
        brokers.produce("in", [(f"b{i}", rows[i % 5]) for i in range(200)])
        brokers.read("out", 400)
        answers = [first.end(signal.SIGINT), second.end(signal.SIGTERM)]
        expect(sum(one["messages"] for one in answers) >= 400, f"{answers}")
        keys = {one["key"] for one in brokers.read("out", 400)}
        expect(len(keys) == 400, f"{len(keys)} keys of 400")


OWN_SETTINGS = [
    ("enable.auto.commit", "true", "offsets are committed when the output is written"),
    ("auto.commit.enable", "true", "offsets are committed when the output is written"),
    ("enable.auto.offset.store", "TRUE", "offsets are committed when the output is written"),
    ("enable.idempotence", "false", "what is sent twice is written once"),
    ("message.timeout.ms", "300000", "what was read is kept until it can be written"),
    ("delivery.timeout.ms", "300000", "what was read is kept until it can be written"),
    ("delivery.report.only.error", "true", "offsets are committed when the output is written"),
    ("transactional.id", "one", "the output is not written in transactions"),
    ("enable.partition.eof", "false", "--until-end and the lag are known by it"),
    ("partition.assignment.strategy", "cooperative-sticky", "partitions are given up all together"),
    ("group.id", "mine", "say --group"),
]


def wrong_usage_is_refused():
    with Brokers(BINARY) as brokers:
        brokers.create("in", 1)
        for words, said in ((["--kafka", "in"], "--kafka is IN:OUT"), (["--kafka", "in:in"], "cannot write to the topic"),
                            (["--kafka-option", "no.such=1"], "no.such"), (["--brokers", ""], "--brokers names no broker"),
                            (["--features", "a,b"], "--features names 2"),
                            *((["--kafka-option", f"{name}={value}"], f"{name}={value} cannot be had: {why}")
                              for name, value, why in OWN_SETTINGS),
                            (["--model", "/nonexistent"], "not found"),
                            (["--model", MODELS / "fashion_cnn/model.onnx"], "takes tensors, not tables")):
            command = [str(BINARY), "stream", "--model", str(CREDIT), "--kafka", "in:out", "--brokers", brokers.addresses]
            for i in range(0, len(words), 2):
                if words[i] in command:
                    command[command.index(words[i]) + 1] = str(words[i + 1])
                else:
                    command += [words[i], str(words[i + 1])]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            expect(done.returncode == 1 and said in done.stderr, f"{words}: {done.returncode} {done.stderr}")


def settings_may_say_what_is_so():
    """A file of settings that a team's other programs read, too; it may name the brokers."""
    with Brokers(BINARY) as brokers, tempfile.TemporaryDirectory() as folder:
        brokers.create("in", 1)
        brokers.produce("in", applicants())
        settings = pathlib.Path(folder) / "kafka.properties"
        settings.write_text("enable.auto.commit=False\ngroup.id=millwright-in-out\nenable.idempotence=true\n")
        answer = Stream(brokers, "--until-end", "--kafka-config", settings).end()
        expect(answer["messages"] == len(applicants()), f"{answer}")
        settings.write_text(f"bootstrap.servers={brokers.addresses}\n")
        answer = StreamCommand([BINARY, "stream", "--model", CREDIT, "--kafka", "in:out2", "--until-end",
                                "--kafka-config", settings]).end()
        expect(answer["messages"] == len(applicants()), f"{answer}")


run_tests([("online, batch and stream give the same numbers", the_same_numbers),
           ("bad messages and rows are put aside with their reasons", bad_rows_are_put_aside),
           ("kill -9 loses nothing, and repeats have the same ids", nothing_is_lost),
           ("brokers may go and come back", brokers_come_and_go),
           ("members of a group share the partitions", members_share),
           ("wrong usage is refused", wrong_usage_is_refused),
           ("settings may say what is so", settings_may_say_what_is_so)])
