"""Starts `millwright serve` for tests and talks to it."""
import http.client
import json
import os
import signal
import subprocess
import threading

from harness import python_models
from harness.millwright import Answer, Failure, expect


LINE_SECONDS_MAX = 60


class ModelServer:
    """`millwright serve` of NAME=WHERE and options on a free port, with the Python that has scikit-learn. Where
    `--grpc-port` is among the words, `grpc_port` is set, too."""

    def __init__(self, binary, *words, environment=None):
        self.command = [str(binary), "serve", *map(str, words), "--port", "0"]
        self.environment = {**os.environ, **python_models.ENVIRONMENT, **(environment or {})}
        self.process, self.port, self.log, self.said = None, 0, [], threading.Condition()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=self.environment)
        self.reader = threading.Thread(target=self.read_log)
        self.reader.start()
        line = self.process.stdout.readline()  # printed when it listens
        if "Serving" not in line:
            self.process.wait()
            self.reader.join()
            raise Failure(f"no model server: {''.join(self.log)}")
        self.port = int(line.strip().rsplit(":", 1)[1])
        if "--grpc-port" in self.command:
            self.grpc_port = int(self.process.stdout.readline().strip().rsplit(":", 1)[1])
        return self

    def read_log(self):
        for line in self.process.stderr:
            with self.said:
                self.log.append(line)
                self.said.notify_all()

    def wait_for_line(self, *parts):
        """Waits until a line of the log has all parts; a line is found once."""
        def found():
            for i, line in enumerate(self.log):
                if all(part in line for part in parts):
                    self.log[i] = ""
                    return line
            return None
        with self.said:
            line = self.said.wait_for(found, LINE_SECONDS_MAX)
        expect(line, f"no line with {parts}: {''.join(self.log)}")

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        """kill -9, as a crash."""
        self.end(signal.SIGKILL)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait(30)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

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

    def index(self):
        """The state of each version of each model: {(name, version): (state, reason)}."""
        return {(one["name"], one["version"]): (one["state"], one["reason"])
                for one in self.post("/v2/repository/index", {}).json()}

    def metric(self, name, **labels):
        """A metric's value; None when it is not there."""
        wanted = name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")
        for line in self.get("/metrics").body.decode().splitlines():
            if line.startswith(wanted + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def ask(self, model, body, path="/endpoints/{}/invocations"):
        """Returns the status and what the JSON says."""
        answer = self.post(path.format(model), body)
        return answer.status, answer.json()

    def infer(self, model, inputs):
        """Asks in the Open Inference Protocol; returns the outputs by name."""
        status, answer = self.ask(model, {"inputs": inputs}, "/v2/models/{}/infer")
        expect(status == 200, f"{model}: {status} {answer}")
        return {output["name"]: output for output in answer["outputs"]}
