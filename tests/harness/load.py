"""Asks a model without a pause while a test changes what is behind it."""
import json
import threading

from harness.millwright import expect
from harness.models import first_case

CLIENTS = 4
SECONDS_MAX = 60


class Load:
    """Clients that ask until told to stop, and count what failed. `server` has request()."""

    def __init__(self, server, model, example="breast_cancer_lr"):
        self.server, self.path = server, f"/v2/models/{model}/infer"
        self.body = json.dumps(first_case(example)[0])
        self.stopping = threading.Event()
        self.answered, self.failures = 0, []
        self.versions = set()
        self.progress = threading.Condition()

    def run(self):
        while not self.stopping.is_set():
            version = None
            try:
                answer = self.server.request("POST", self.path, self.body,
                                             {"Content-Type": "application/json"})
                failure = None if answer.status == 200 else f"{answer.status} {answer.body[:200]}"
                version = answer.json().get("model_version")
            except OSError as error:
                failure = repr(error)
            with self.progress:
                self.answered += 1
                self.versions.add(version)
                if failure:
                    self.failures.append(failure)
                self.progress.notify_all()

    def wait_for(self, more):
        """Waits until so many more requests are answered."""
        with self.progress:
            goal = self.answered + more
            expect(self.progress.wait_for(lambda: self.answered >= goal, SECONDS_MAX),
                   f"only {self.answered} of {goal} requests were answered")

    def wait_for_version(self, version):
        """Waits until an answer of a version has come since the call."""
        with self.progress:
            self.versions.clear()
            expect(self.progress.wait_for(lambda: version in self.versions, SECONDS_MAX),
                   f"no answer of version {version}, but of {self.versions}; {self.failures[:3]}")

    def none_failed(self):
        expect(not self.failures, f"{len(self.failures)} of {self.answered} failed: {self.failures[:3]}")

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
