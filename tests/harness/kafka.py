"""Kafka brokers for tests and commands that read their topics. The brokers are librdkafka's mock cluster, run by the
program tests/kafka/mock_brokers.cc. MILLWRIGHT_TEST_KAFKA is not looked at: what the mock does not know of a real broker no test
here relies on."""
import json
import os
import signal
import subprocess
import threading

from harness.millwright import Failure, expect

LINE_SECONDS_MAX = 60


class Brokers:
    def __init__(self, binary):
        self.program = str(binary.parent / "kafka_mock_brokers")

    def __enter__(self):
        self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addresses = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def do(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def create(self, topic, partitions=1):
        expect(self.do("create", topic, partitions) == "ok", "create")

    def produce(self, topic, values):
        """Values, or (key, value); what is no text is written as JSON."""
        for one in values:
            key, value = one if isinstance(one, tuple) else ("-", one)
            verb = "tombstone" if value is None else "produce"
            text = value if isinstance(value, str) else json.dumps(value) if value is not None else ""
            expect(self.do(verb, topic, key, text) == "ok", "produce")
        expect(self.do("flush") == "ok", "flush")

    def wait_for_commit(self, topic, group, offset):
        """Waits until a group has committed all before an offset of the topic's first partition."""
        expect(self.do("committed", topic, group, offset) == "ok", "committed")

    def read(self, topic, count):
        return json.loads(self.do("read", topic, count))


class StreamCommand:
    """A command of the program that reads topics until it is stopped, and prints a JSON answer at its end."""

    def __init__(self, words, environment=None):
        self.process = subprocess.Popen(
            [*map(str, words), "--kafka-option", "session.timeout.ms=6000", "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})})
        self.log, self.said = [], threading.Condition()
        self.reader = threading.Thread(target=self.read_log)
        self.reader.start()

    def read_log(self):
        for line in self.process.stderr:
            with self.said:
                self.log.append(line)
                self.said.notify_all()

    def wait_for_line(self, part):
        with self.said:
            expect(self.said.wait_for(lambda: any(part in line for line in self.log), LINE_SECONDS_MAX),
                   f"no line with {part}: {''.join(self.log)}")

    def end(self, number=None):
        """Waits for the end, or makes it by a signal; returns the answer."""
        if number:
            self.process.send_signal(number)
        out = self.process.stdout.read()
        status = self.process.wait(60)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        if number == signal.SIGKILL:
            return None
        if status:
            raise Failure(f"status {status}: {''.join(self.log)}")
        return json.loads(out)
