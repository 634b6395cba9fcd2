#!/usr/bin/env python3
"""Versions of other stores are scanned as they come in, and any version again when it is asked for.

usage: model_scan.py BINARY
"""
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Server, expect, run_tests  # noqa: E402
from harness.models import upload  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CLEAN = ROOT / "tests/data/models/breast_cancer_lr/model.onnx"
HOSTILE = b"cos\nsystem\n(S'id'\ntR."
HOME_MADE = b"\x80\x02cmy.models\nChurn\n)\x81."  # a class that its owner may trust


def log(server, name, data):
    run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
    upload(server, run["artifact_uri"], f"model/{name}", data)
    return {"source": run["artifact_uri"] + "/model", "run_id": run["run_id"]}


def create(server, model, version):
    server.post("/api/2.0/mlflow/registered-models/create", {"name": model})
    answer = server.post("/api/2.0/mlflow/model-versions/create", {"name": model, **version})
    expect(answer.status == 200, f"{answer.status} {answer.body}")


def scan_of(server, model, version):
    checks = server.get(f"/api/v1/models/{model}/versions/{version}").json()["checks"]
    return next((check for check in checks if check["name"] == "scan"), None)


def fill(server):
    """A registry as people have it: good and bad files, files elsewhere, a prompt, many versions."""
    create(server, "bad", log(server, "model.pkl", HOSTILE))
    create(server, "bad", log(server, "model.onnx", CLEAN.read_bytes()))
    create(server, "far", {"source": "s3://bucket/model"})
    create(server, "prompt", {"source": "prompt", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]})
    for _ in range(11):
        create(server, "good", log(server, "model.onnx", CLEAN.read_bytes()))
    for name, alias, version in (("bad", "champion", "1"), ("bad", "challenger", "2"), ("good", "champion", "11")):
        server.mlflow("registered-models/alias", {"name": name, "alias": alias, "version": version})
    for name, stage in (("bad", "Production"), ("good", "Staging")):
        server.mlflow("model-versions/transition-stage", {"name": name, "version": "1", "stage": stage,
                                                          "archive_existing_versions": False})


def bring(old, new):
    done = new.cli("import", "mlflow", old.uri, "--json", check=False)
    return done.returncode, json.loads(done.stdout)


def version(server, model, number):
    answer = server.get("/api/2.0/mlflow/model-versions/get", name=model, version=number)
    return answer.json().get("model_version")


def quarantines_what_comes_in():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with Server(BINARY, scratch / "old") as old, \
                Server(BINARY, scratch / "new", "--scan-policy", "quarantine") as new:
            fill(old)
            status, report = bring(old, new)
            problems = {problem["what"]: problem["why"] for problem in report["problems"]}
            expect(status == 1, f"{status} {report}")
            expect("os.system" in json.dumps(report["problems"]), f"{problems}")
            expect("quarantine" in problems["alias 'champion' of 'bad'"], f"{problems}")
            expect([what for what in problems if "bad" not in what] == ["version 1 of 'far'"], f"{problems}")
            scan = scan_of(new, "bad", 1)
            expect(not scan["passed"] and scan["details"]["quarantined"], f"{scan}")
            expect(version(new, "bad", 1)["current_stage"] == "None", "in Production")
            expect(version(new, "bad", 2)["aliases"] == ["challenger"], "no alias")
            expect(scan_of(new, "bad", 2)["passed"], "a good version beside a bad one did not pass")
            scan = scan_of(new, "far", 1)
            expect(not scan["passed"] and scan["details"]["quarantined"], f"{scan}")
            expect(scan["summary"] == "not scanned: its files are not kept by this server", f"{scan}")
            expect(scan["details"]["findings"][0]["rule"] == "files.elsewhere", f"{scan}")
            expect(scan_of(new, "prompt", 1) is None, "a prompt was scanned")
            expect(all(scan_of(new, "good", number)["passed"] for number in range(1, 12)), "not all were scanned")
            expect(version(new, "good", 1)["current_stage"] == "Staging", "the stage was lost")
            expect(version(new, "good", 11)["aliases"] == ["champion"], "the alias was lost")
            seen = new.get("/api/v1/models/bad/as-of", time="2999-01-01T00:00Z").json()["versions"]
            checks = {one["version"]: [check["passed"] for check in one["checks"]] for one in seen}
            expect(checks == {"1": [False], "2": [True]}, f"{seen}")
            # Again: nothing changes, and what passed is not read once more.
            expect(bring(old, new)[0] == 1, "a second import")
            expect(version(new, "bad", 1)["current_stage"] == "None", "in Production by the second import")


def nothing_slips_past():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with Server(BINARY, scratch / "data", "--scan-policy", "quarantine") as server:
            # The mark of a prompt beside files.
            create(server, "prompt", {**log(server, "model.pkl", HOSTILE),
                                      "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]})
            expect(scan_of(server, "prompt", 1)["details"]["quarantined"], "a prompt with files")
            # Files that come after the version.
            run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]
            create(server, "late", {"source": run["artifact_uri"] + "/model"})
            expect(not scan_of(server, "late", 1)["details"]["scanned"], "no files yet")
            upload(server, run["artifact_uri"], "model/model.pkl", HOSTILE)
            answer = server.post("/api/v1/endpoints", {"name": "e", "model": "late", "version": "1"})
            expect(answer.status == 400 and b"quarantine" in answer.body, f"{answer.status} {answer.body}")


def leaves_out_what_is_blocked():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with Server(BINARY, scratch / "old") as old, \
                Server(BINARY, scratch / "new", "--scan-policy", "block") as new:
            fill(old)
            status, report = bring(old, new)
            why = [problem["why"] for problem in report["problems"] if problem["what"] == "version 1 of 'bad'"]
            expect(status == 1 and "refused by its scan" in why[0], f"{report['problems']}")
            expect(version(new, "bad", 1) is None and version(new, "bad", 2), "block lets through")
            why = [problem["why"] for problem in report["problems"] if problem["what"] == "version 1 of 'far'"]
            expect(version(new, "far", 1) is None and "not scanned" in why[0], f"{report['problems']}")


def blocks_whatever_the_source_is_called():
    """The same files under each of their addresses, and files that nobody can look at."""
    with tempfile.TemporaryDirectory() as scratch:
        with Server(BINARY, pathlib.Path(scratch) / "data", "--scan-policy", "block") as server:
            server.mlflow("registered-models/create", {"name": "m"})
            bad, good = log(server, "model.pkl", HOSTILE), log(server, "model.onnx", CLEAN.read_bytes())
            prompt = {"tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}

            def ask(source, **more):
                return server.post("/api/2.0/mlflow/model-versions/create", {"name": "m", "source": source, **more})

            def addresses(version):
                path = version["source"].split(":", 1)[1].lstrip("/")
                return [version["source"], f"runs:/{version['run_id']}/model",
                        f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/{path}",
                        f"{server.uri}/ajax-api/2.0/mlflow-artifacts/artifacts/{path}"]

            for source in addresses(bad):
                for more in ({}, {"run_id": bad["run_id"]}, prompt):
                    answer = ask(source, **more)
                    expect(answer.status == 400 and "os.system" in answer.json()["message"], f"{source}: {answer.body}")
            for source in ("runs:/0123456789abcdef0123456789abcdef/model", f"runs:/{bad['run_id']}/nothing", "s3://b/m",
                           "http://elsewhere.example/api/2.0/mlflow-artifacts/artifacts/0/x"):
                for more in ({}, prompt):
                    answer = ask(source, **more)
                    expect(answer.status == 400 and "not scanned" in answer.json()["message"], f"{source}: {answer.body}")
            expect(not server.get("/api/2.0/mlflow/model-versions/search").json().get("model_versions"), "registered")
            for number, source in enumerate(addresses(good), 1):
                answer = ask(source)
                expect(answer.status == 200, f"{source}: {answer.body}")
                expect(answer.json()["model_version"]["source"] == source, f"{answer.body}")
                expect(scan_of(server, "m", number)["passed"], f"{source}: {scan_of(server, 'm', number)}")
                uri = server.get("/api/2.0/mlflow/model-versions/get-download-uri", name="m", version=number).json()
                expect(uri["artifact_uri"] == good["source"], f"{uri}")
                found = server.get(f"/api/v1/models/m/versions/{number}").json()
                expect(found["signature"]["inputs"], f"{found}")
            expect(ask("prompt-template", **prompt).status == 200, "a prompt")


def registers_what_does_not_load():
    """Under the policy warn, as MLflow does; the check says what was found, and an endpoint refuses."""
    truncated = (ROOT / "tests/data/models/broken/truncated.onnx").read_bytes()
    flavors = b"flavors: {onnx: {data: model.onnx}}\n"
    with tempfile.TemporaryDirectory() as scratch:
        with Server(BINARY, pathlib.Path(scratch) / "data") as server:
            for number, (name, data) in enumerate((("model.onnx", truncated), ("MLmodel", b""), ("MLmodel", b"{{"),
                                                   ("MLmodel", flavors)), 1):
                create(server, "m", log(server, name, data))
                scan = scan_of(server, "m", number)
                rules = [finding["rule"] for finding in scan["details"]["findings"]]
                expect(not scan["passed"] and "model.load" in rules, f"{name}: {scan}")
                expect(not scan["details"]["quarantined"] and str(scratch) not in json.dumps(scan), f"{scan}")
                answer = server.post("/api/v1/endpoints", {"name": "e", "model": "m", "version": str(number)})
                expect(answer.status >= 400, f"{answer.status} {answer.body}")
            # A signature that cannot be read is none, and that is said.
            create(server, "m", log(server, "MLmodel", b"flavors: {}\nsignature: {inputs: 'not json'}\n"))
            findings = scan_of(server, "m", 5)["details"]["findings"]
            expect([finding["rule"] for finding in findings] == ["mlmodel.signature"], f"{findings}")


def scans_again_when_asked():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        with Server(BINARY, scratch / "data") as server:
            create(server, "churn", log(server, "model.pkl", HOME_MADE))
            create(server, "churn", log(server, "model.onnx", CLEAN.read_bytes()))
            create(server, "it's", log(server, "model.onnx", CLEAN.read_bytes()))
            server.mlflow("registered-models/alias", {"name": "churn", "alias": "champion", "version": "1"})
        # A stricter policy, then a look at what is there already.
        with Server(BINARY, scratch / "data", "--scan-policy", "quarantine") as server:
            done = server.cli("models", "scan", "models:/churn@champion", "--json", check=False)
            [scan] = json.loads(done.stdout)["scans"]
            expect(done.returncode == 99 and scan["details"]["quarantined"], f"{done.stdout}")
            expect(scan["aliases"] == ["champion"] and scan["version"] == "1", f"{scan}")
            change = server.get("/api/v1/models/churn/history").json()["changes"][0]
            expect(change["summary"] == "version 1 failed check scan and is in quarantine", f"{change}")
            events = server.get("/api/v1/events", limit=1000).json()["events"]
            expect(any(event["kind"] == "model_version.checked" and event["payload"].get("quarantined")
                       for event in events), f"{events}")
            answer = server.post("/api/v1/endpoints", {"name": "e", "model": "churn", "version": "1"})
            expect(answer.status >= 400 and b"quarantine" in answer.body, f"{answer.body}")
            done = server.cli("models", "scan", "churn", check=False)
            expect(done.returncode == 99 and "1 of 2 versions passed" in done.stdout + done.stderr, f"{done}")
            expect(server.cli("models", "scan", "models:/churn/2").returncode == 0, "version 2")
            for wrong in (("models", "scan"), ("models", "scan", "nobody"), ("models", "scan", "churn", "--all")):
                expect(server.cli(*wrong, check=False).returncode == 1, f"{wrong}")
            done = server.cli("models", "scan", "models:/churn/9", "churn@2", check=False)
            expect(done.returncode == 99 and "refused" in done.stdout and "1 of 2" in done.stdout + done.stderr, f"{done}")
        # Its owner says that the class is harmless.
        with Server(BINARY, scratch / "data", "--scan-policy", "quarantine", "--scan-trust", "my.models.Churn") as server:
            done = server.cli("models", "scan", "--all", "--json")
            answer = json.loads(done.stdout)
            expect(answer["passed"] == 3 and len(answer["scans"]) == 3, f"{answer}")
            server.mlflow("registered-models/alias", {"name": "churn", "alias": "again", "version": "1"})


run_tests([("quarantines what comes in", quarantines_what_comes_in),
           ("nothing slips past", nothing_slips_past),
           ("leaves out what is blocked", leaves_out_what_is_blocked),
           ("blocks whatever the source is called", blocks_whatever_the_source_is_called),
           ("registers what does not load", registers_what_does_not_load),
           ("scans again when asked", scans_again_when_asked)])
