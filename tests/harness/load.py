"""Asks a model without a pause while a test changes what is behind it."""
import json
import threading

from harness.millwright import expect
from harness.models import first_case

SECONDS_MAX = 60


class Clients:
    """Threads that ask until told to stop, and count what was answered and what failed."""

    def __init__(self, count):
        self.count = count
        self.stopping = threading.Event()
        self.progress = threading.Condition()
        self.answered, self.failures = 0, []

    def run(self, number):
        """What thread `number` does until `stopping` is set; calls note() for each answer."""
        raise NotImplementedError

    def keep(self, version, key):
        """Keeps the version that answered; `progress` is held."""
        raise NotImplementedError

    def note(self, failure, version=None, key=None):
        with self.progress:
            self.answered += 1
            if failure:
                self.failures.append(failure)
            else:
                self.keep(version, key)
            self.progress.notify_all()

    def wait_for(self, more):
        """Waits until so many more requests are answered."""
        with self.progress:
            goal = self.answered + more
            expect(self.progress.wait_for(lambda: self.answered >= goal, SECONDS_MAX),
                   f"only {self.answered} of {goal} requests were answered")

    def none_failed(self):
        expect(not self.failures, f"{len(self.failures)} of {self.answered} failed: {self.failures[:3]}")

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(self.count)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Load(Clients):
    """Four clients of a model, a connection for each request. `server` has request()."""

    def __init__(self, server, model, example="breast_cancer_lr"):
        super().__init__(4)
        self.server, self.path = server, f"/v2/models/{model}/infer"
        self.body = json.dumps(first_case(example)[0])
        self.versions = set()

    def run(self, number):
        while not self.stopping.is_set():
            try:
                answer = self.server.request("POST", self.path, self.body, {"Content-Type": "application/json"})
                failure = None if answer.status == 200 else f"{answer.status} {answer.body[:200]}"
                self.note(failure, None if failure else answer.json()["model_version"])
            except OSError as error:
                self.note(repr(error))

    def keep(self, version, key):
        self.versions.add(version)

    def wait_for_version(self, version):
        """Waits until an answer of a version has come since the call."""
        with self.progress:
            self.versions.clear()
            expect(self.progress.wait_for(lambda: version in self.versions, SECONDS_MAX),
                   f"no answer of version {version}, but of {self.versions}; {self.failures[:3]}")
