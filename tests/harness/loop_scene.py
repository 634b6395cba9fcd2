"""A model with a loop, on a server of its own, for tests of what the loop does."""
import contextlib
import http.client
import json
import pathlib
import tempfile
import threading

from harness import onnx_models
from harness.millwright import Server, expect
from harness.models import upload

SECONDS_MAX = 90
OPTIONS = ("--loop-interval-ms", "20", "--monitor-interval-ms", "100")
# Sends what the test wants to be the next version; `go` is read so that the test holds the run where it wants.
PIPELINE = """
name: retrain
params: {{version: , window: ""}}
tasks:
  train:
    run: |
      echo "${{{{ params.version }}}} ${{{{ params.window }}}}" >> {folder}/trained
      if [ -p {folder}/go ]; then echo running > {folder}/running; read -r _ < {folder}/go; fi
  register:
    needs: [train]
    run: echo "version=${{{{ params.version }}}}" >> "$MILLWRIGHT_OUTPUT"
"""
POLICY = """
model: m
triggers:
  - alert: {{kind: drift}}
  - new_data: numbers
retrain: {{pipeline: retrain, params: {{version: "{version}", window: "${{{{ window.to }}}}"}}, version_from: register}}
{stages}
worse: {worse}
limits: {{cooldown: {cooldown}, promotions_per_day: {promotions}, retrainings_per_day: 50}}
"""
GATES = "gates: [{name: four eyes, aliases: [champion], approvals: {count: 1, author_counts: true}}]"
STAGES = "shadow: {requests: 30}\ncanary: {steps: [20, 50], requests: 30}"


class Scene:
    """A server with endpoint m, whose version 1 answers what it is asked."""

    def __init__(self, binary, backend=""):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.server = Server(binary, self.folder / "data", *OPTIONS, backend=backend)
        self.asked = 0

    def __enter__(self):
        self.server.start()
        self.server.post("/api/2.0/mlflow/registered-models/create", {"name": "m"})
        expect(self.add_version(onnx_models.good()) == "1", "the first version")
        self.must("POST", "/api/2.0/mlflow/registered-models/alias", {"name": "m", "alias": "champion", "version": "1"})
        self.must("POST", "/api/v1/endpoints", {"name": "m", "model": "m", "version": "1"})
        self.must("POST", "/api/v1/pipelines", {"yaml": PIPELINE.format(folder=self.folder)})
        return self

    def __exit__(self, *_):
        self.server.__exit__()
        self.scratch.cleanup()

    def must(self, method, path, body=None):
        answer = self.server.request(method, path, body)
        expect(answer.status == 200, f"{method} {path}: {answer.status} {answer.body[:400]}")
        return answer.json()

    def add_version(self, data):
        run = self.server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
        upload(self.server, run["artifact_uri"], "model/model.onnx", data)
        return self.must("POST", "/api/2.0/mlflow/model-versions/create", {
            "name": "m", "run_id": run["run_id"], "source": run["artifact_uri"] + "/model"})["model_version"]["version"]

    def apply(self, version, stages=STAGES, worse="{errors: 0.2, latency: false}", cooldown="10m", promotions=50, more=""):
        yaml = POLICY.format(version=version, stages=stages, worse=worse, cooldown=cooldown, promotions=promotions) + more
        return self.must("POST", "/api/v1/loops", {"yaml": yaml})

    def loop(self):
        return self.must("GET", "/api/v1/loops/m")

    def act(self, verb, **body):
        return self.server.post(f"/api/v1/loops/m/{verb}", {"reason": "the test says so", **body})

    def acted(self, verb, **body):
        answer = self.act(verb, **body)
        expect(answer.status == 200, f"{verb}: {answer.status} {answer.body[:400]}")
        return answer.json()

    def decisions(self):
        """Oldest first."""
        return self.must("GET", "/api/v1/loops/m/decisions?limit=1000")["decisions"][::-1]

    def words(self):
        return [f"{one['action']} {one['rule']}" for one in self.decisions()]

    def wait_for(self, claim, what):
        try:
            return self.server.wait_for(claim, what, SECONDS_MAX)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; {json.dumps(self.loop())[:3000]} {self.words()} "
                                 f"{self.server.log()[-2000:]}") from failure

    def wait_for_hold(self, rule):
        self.wait_for(lambda: self.loop()["hold"] == rule, f"the hold {rule}")

    def wait_for_phase(self, *phases):
        return self.wait_for(lambda: (loop := self.loop())["phase"] in phases and loop, f"phase {phases}")

    def roles(self):
        """What serves at the endpoint: version by role, with the canary's share."""
        endpoint = self.must("GET", "/api/v1/endpoints/m")
        return {one["role"]: (one["model_version"], one["weight"]) for one in endpoint["revisions"]
                if one["role"] != "retired"}

    def wait_until_shadow_is_ready(self):
        def ready():
            endpoint = self.must("GET", "/api/v1/endpoints/m")
            return [one for one in endpoint["revisions"] if one["role"] == "shadow" and
                    any(replica["state"] == "ready" for replica in one["replicas"])]

        self.wait_for(ready, "the shadow's replica")

    def live(self):
        return self.roles()["live"][0]

    def champion(self):
        return self.must("GET", "/api/2.0/mlflow/registered-models/alias?name=m&alias=champion")["model_version"]["version"]

    def ask(self, value, times=1, outcome=None):
        """Asks the endpoint; returns the statuses that came. With `outcome`, or one of a list after the other, says what really happened."""
        statuses, ids = [], []
        for _ in range(times):
            self.asked += 1
            one = f"q{self.asked}"
            statuses.append(self.server.request("POST", "/v2/models/m/infer", {"id": one, "inputs": [
                {"name": "x", "datatype": "FP32", "shape": [1, 1], "data": [value]}]}).status)
            ids.append(one)
        if outcome is not None:
            self.must("POST", "/api/v1/outcomes", {"endpoint": "m", "outcomes": [
                {"prediction_id": one, "value": outcome[i % len(outcome)] if isinstance(outcome, list) else outcome}
                for i, one in enumerate(ids)]})
        return statuses

    @contextlib.contextmanager
    def traffic(self, value, outcome=None):
        """Asks again and again until the block ends."""
        stopping, failures = threading.Event(), []

        def go():
            while not stopping.is_set():
                try:
                    self.ask(value, 20, outcome)
                except (OSError, http.client.HTTPException):  # the server is killed in some tests
                    stopping.wait(0.05)
                except AssertionError as failure:
                    failures.append(failure)
                    return

        thread = threading.Thread(target=go)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()
        expect(not failures, f"{failures}")
