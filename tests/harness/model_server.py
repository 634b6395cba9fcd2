"""Starts `millwright serve` for tests and talks to it."""
import http.client
import json
import os
import signal
import subprocess

from harness import python_models
from harness.millwright import Answer, Failure, expect


class ModelServer:
    """`millwright serve` of NAME=PATH on a free port, with the Python that has scikit-learn. Where `--grpc-port` is
    among the arguments, `grpc_port` is set, too."""

    def __init__(self, binary, *models):
        self.command = [str(binary), "serve", *map(str, models), "--port", "0"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **python_models.ENVIRONMENT})
        line = self.process.stdout.readline()  # printed when it listens
        if "Serving" not in line:
            raise Failure(f"no model server: {self.process.communicate()[1]}")
        self.port = int(line.strip().rsplit(":", 1)[1])
        if "--grpc-port" in self.command:
            self.grpc_port = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def post(self, path, body, headers=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def ask(self, model, body, path="/endpoints/{}/invocations"):
        """Returns the status and what the JSON says."""
        answer = self.post(path.format(model), body)
        return answer.status, answer.json()

    def infer(self, model, inputs):
        """Asks in the Open Inference Protocol; returns the outputs by name."""
        status, answer = self.ask(model, {"inputs": inputs}, "/v2/models/{}/infer")
        expect(status == 200, f"{model}: {status} {answer}")
        return {output["name"]: output for output in answer["outputs"]}
