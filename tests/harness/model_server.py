"""`millwright serve` with models, and how they are asked."""
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request

from harness import python_models
from harness.millwright import Failure, expect


class ModelServer:
    def __init__(self, binary, *models):
        self.process = subprocess.Popen(
            [binary, "serve", *models, "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **python_models.ENVIRONMENT})

    def __enter__(self):
        line = self.process.stdout.readline()  # printed when it listens
        if "Serving" not in line:
            raise Failure(f"no model server: {self.process.communicate()[1]}")
        self.uri = line.split()[-1]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def ask(self, model, body):
        return self.post(f"/endpoints/{model}/invocations", body)

    def infer(self, model, inputs):
        """Asks in the Open Inference Protocol; returns the outputs by name."""
        status, answer = self.post(f"/v2/models/{model}/infer", {"inputs": inputs})
        expect(status == 200, f"{model}: {status} {answer}")
        return {output["name"]: output for output in answer["outputs"]}

    def get(self, path):
        return self.send(urllib.request.Request(f"{self.uri}{path}"))

    def post(self, path, body):
        return self.send(urllib.request.Request(f"{self.uri}{path}", json.dumps(body).encode(),
                                                {"Content-Type": "application/json"}))

    def send(self, request):
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
