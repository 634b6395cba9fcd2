"""Starts `millwright serve` for tests and talks to it. Standard library only."""
import http.client
import json
import os
import signal
import subprocess

from harness.millwright import Answer, Failure


class ModelServer:
    """`millwright serve` of NAME=PATH on a free port."""

    def __init__(self, binary, *models, environment=None):
        self.command = [str(binary), "serve", *map(str, models), "--port", "0"]
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env=self.environment)
        line = self.process.stdout.readline()  # printed when it listens
        if "Serving" not in line:
            raise Failure(f"no model server: {line}")
        self.port = int(line.strip().rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
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
