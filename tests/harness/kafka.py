"""Kafka brokers for tests: librdkafka's mock cluster, run by the program tests/kafka/mock_brokers.cc. MILLWRIGHT_TEST_KAFKA is
not looked at: what the mock does not know of a real broker no test here relies on."""
import json
import subprocess

from harness.millwright import expect


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

    def read(self, topic, count):
        return json.loads(self.do("read", topic, count))
