"""`millwright quality` on data wherever it lies, checkpoints and contracts, by the real binary."""
import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

START_SECONDS_MAX = 60
GOLDEN = ROOT / "tests/data/validation"
ROWS = ROOT / "tests/data/models/flights_late_xgb/rows.csv"
SUITE = """suite: rows
parameters: {top: 6000}
checks:
  - not_null: late
  - in_set: {column: late, values: [0, 1]}
  - between: {column: distance, min: 10, max: {$PARAMETER: top}}
  - rows_satisfy: "distance >= 0"
  - sql_value: {sql: "count(*) FILTER (WHERE late = 1)", min: 1}
"""


class Quality:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)

    def run(self, *words, status=0, environment=None):
        done = subprocess.run([self.binary, "quality", *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, **(environment or {})})
        expect(done.returncode == status, f"{words} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
        return done

    def json(self, *words, status=0, environment=None):
        return json.loads(self.run(*words, "--json", status=status, environment=environment).stdout)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


def forms_are_one_another(quality):
    golden = json.loads((GOLDEN / "suite.json").read_text())["suite"]
    first = quality.write("golden.json", json.dumps(golden))
    quality.run("convert", first, "--to", "yaml", "--output", "golden.yaml")
    quality.run("convert", "golden.yaml", "--to", "gx0", "--output", "golden0.json")
    quality.run("convert", "golden0.json", "--to", "gx", "--output", "again.json")
    quality.run("convert", first, "--to", "gx", "--output", "once.json")
    expect((quality.folder / "again.json").read_text() == (quality.folder / "once.json").read_text(),
           "a suite came back changed from the other forms")
    results = [quality.json("validate", GOLDEN / "dirty_flights.csv", "--suite", suite, status=3)["results"]
               for suite in (first, "golden.yaml", "golden0.json")]
    for other in results[1:]:
        expect([r["result"] for r in other] == [r["result"] for r in results[0]], "another form, another result")
    expect("(did you mean between?)" in quality.run("expectations", "betwen", status=1).stderr, "no nearest type")
    expect(len(quality.json("expectations")["expectations"]) >= 58, "types are missing")


# What pandas.read_csv takes for missing, and the column that it leaves as text.
AS_PANDAS = [word for text in ("NA", "N/A", "NULL", "NaN", "nan", "null", "None", "n/a") for word in ("--missing", text)] + ["--text", "time"]
# Cases in which the program says something else than Great Expectations on pandas; validation_test.cc has the reasons.
DIFFERENCES = {15, 16, 19, 20, 25, 70, 71, 72, 73, 101}


def same(one, other):
    """Equal key by key; numbers within 1e-9."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(key == "unexpected_index_query" or same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)) and bool not in (type(one), type(other)):
        return abs(one - other) <= 1e-9 * max(1, abs(one))
    return one == other


def golden_results_come_from_the_command(quality):
    """Not only from the library: with the words for missing values the command says what Great Expectations says."""
    suite = quality.write("golden.json", json.dumps(json.loads((GOLDEN / "suite.json").read_text())["suite"]))
    for result_format in ("BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"):
        golden = json.loads((GOLDEN / f"result_{result_format.lower()}.json").read_text())
        golden = golden.get("result", golden)
        answer = quality.json("validate", GOLDEN / "dirty_flights.csv", "--suite", suite, *AS_PANDAS, "--result-format", result_format, status=3)
        expect(answer.keys() == {"success", "results", "suite_name", "suite_parameters", "statistics", "meta"}, f"{answer.keys()}")
        by_case = {one["expectation_config"]["meta"]["case"]: one for one in answer["results"]}
        expect(len(by_case) == len(golden["results"]), "cases are missing")
        for expected in golden["results"]:
            case = expected["expectation_config"]["meta"]["case"]
            actual, info = by_case[case], expected["exception_info"]
            raised = info["raised_exception"] if "raised_exception" in info else bool(info)
            agrees = raised == actual["exception_info"]["raised_exception"] and (
                raised or (expected["success"] == actual["success"] and same(expected["result"], actual["result"])))
            expect(agrees or case in DIFFERENCES, f"case {case} at {result_format}: {expected['result']} is not {actual['result']}")


def what_is_wrong_is_said_in_a_line(quality):
    good = "id,x,y\n" + "".join(f"{i},{i}.5,t{i}\n" for i in range(2000))
    suite = quality.write("s.yaml", "suite: s\nchecks:\n  - not_null: id\n  - row_count: 2000\n")
    for name, text, says in (("more.csv", good + "1,2,3,4\n", "more.csv line 2002 has 4 fields, its first line has 3"),
                             ("less.csv", good + "1,2\n", "less.csv line 2002 has 2 fields, its first line has 3")):
        data = quality.write(name, text)
        for command in (("validate", data, "--suite", suite), ("profile", data), ("suggest", data)):
            done = quality.run(*command, status=1)
            expect(says in done.stderr and len(done.stderr) < 300, done.stderr)
    for command in (("validate", "nofile.csv", "--suite", suite), ("profile", "nofile.csv"), ("suggest", "no/file.csv")):
        expect("Data file not found: no" in quality.run(*command, status=1).stderr, f"{command}")
    done = subprocess.run([quality.binary, "evaluate", "nofile.csv", "--truth", "a", "--prediction", "b"], capture_output=True, text=True)
    expect(done.returncode == 1 and "Data file not found: nofile.csv" in done.stderr, done.stderr)
    empty = quality.write("empty.csv", "")
    for command in (("validate", empty, "--suite", suite), ("profile", empty), ("suggest", empty)):
        expect("The data file is empty" in quality.run(*command, status=1).stderr, f"{command}")
    quality.run("suggest", quality.write("header.csv", "a,b\n"), status=1)
    latin = quality.folder / "latin.csv"
    latin.write_bytes("id,x\n1,caf\xe9\n".encode("latin-1"))
    one = quality.write("one.yaml", "suite: s\nchecks:\n  - in_set: {column: x, values: [caf\u00e9]}\n")
    quality.run("validate", latin, "--suite", one)
    expect("it was read as Latin-1" in quality.run("profile", latin).stdout, "nothing is said of the encoding")
    mixed = quality.write("mixed.jsonl", '{"a":1}\n{"a":"x"}\n')
    quality.run("profile", mixed)
    quality.run("suggest", mixed)
    # Why an expectation could not be judged stands below it.
    bad = quality.write("bad.yaml", "suite: s\nchecks:\n  - betwen: {column: id}\n  - between: {column: id, mn: 1}\n  - not_null: nocol\n"
                                    "  - regex: {column: y, regex: '(['}\n  - rows_satisfy: \"length(repeat('a', 1000000000)) > 0\"\n")
    said = quality.run("validate", quality.write("good.csv", good), "--suite", bad, status=3).stdout
    for words in ("did you mean between?", "takes no mn", 'The column "nocol"', "missing ]", "may make texts of 1000000 characters"):
        expect(words in said, f"{words} is not in: {said}")
    wide = quality.write("wide.csv", ",".join(f"c{i}" for i in range(300)) + "\n" + ",".join(["x" * 1000] * 300) + "\n")
    said = quality.run("validate", wide, "--suite", quality.write("w.yaml", "suite: s\nchecks:\n  - in_set: {column: c0, values: [a]}\n"), status=3).stdout
    expect(max(map(len, said.splitlines())) < 500, "a line is long")
    quality.run("validate", "good.csv", "--suite", suite, "--query", "SELECT 1", status=1)
    quality.write("inf.json", '{\n"expectations": [{"type": "x", "kwargs": {"max_value": Infinity}}]}')
    expect("inf.json: line 2: Infinity" in quality.run("validate", "good.csv", "--suite", "inf.json", status=1).stderr, "no file")


def tables_elsewhere_are_profiled(quality):
    with S3Server() as s3:
        s3.put("tables/rows.csv", ROWS.read_bytes())
        rows = len(ROWS.read_text().splitlines()) - 1
        answer = quality.json("profile", f"{s3.root}/tables/rows.csv", environment={**s3.environment})
        expect(answer["row_count"] == rows, f"{answer['row_count']}")
        quality.run("suggest", f"{s3.root}/tables/rows.csv", environment=s3.environment)
    quality.write("days/day=1/rows.csv", ROWS.read_text())
    expect(quality.json("profile", "days/day=*/*.csv")["row_count"] == rows, "a pattern")


def data_is_judged_wherever_it_lies(quality):
    suite = quality.write("rows.yaml", SUITE)
    lines = ROWS.read_text().splitlines(keepends=True)
    for part in (0, 1):
        quality.write(f"parts/day={part}/rows.csv", lines[0] + "".join(lines[1 + part::2]))
    for data in (ROWS, "parts", "parts/day=*/*.csv", "parts/**/*.csv"):
        answer = quality.json("validate", data, "--suite", suite)
        expect(answer["results"][0]["result"]["element_count"] == len(lines) - 1, f"rows of {data}: {answer}")
    answer = quality.json("validate", ROWS, "--suite", suite, "--parameter", "top=100", status=3)
    expect(answer["suite_parameters"] == {"top": 100} and not answer["results"][2]["success"], answer["suite_parameters"])
    other = quality.write("other.yaml", "suite: o\nchecks:\n  - row_count_of: whole\n")
    quality.run("validate", "parts/day=0", "--suite", other, "--table", f"whole={ROWS}", status=3)
    quality.run("validate", "parts", "--suite", other, "--table", f"whole={ROWS}")


def objects_are_judged(quality):
    with S3Server() as s3:
        source = quality.folder / "objects"
        suite = quality.write("rows.yaml", SUITE)
        s3.put("tables/a/rows.csv", ROWS.read_bytes())
        s3.put("tables/b/one.csv", ROWS.read_bytes())
        s3.put("tables/b/two.csv", ROWS.read_bytes())
        rows = len(ROWS.read_text().splitlines()) - 1
        for data, count in (("tables/a/rows.csv", rows), ("tables/b/", 2 * rows)):
            answer = quality.json("validate", f"{s3.root}/{data}", "--suite", suite, environment=s3.environment)
            expect(answer["results"][0]["result"]["element_count"] == count, f"{data}: {answer}")
        done = quality.run("validate", f"{s3.root}/tables/c/rows.csv", "--suite", suite, status=1, environment=s3.environment)
        expect("not found" in done.stderr.lower(), done.stderr)
        expect(not source.exists(), "objects were left behind")


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append((self.path, json.loads(body)))
        self.send_response(200 if self.path != "/broken" else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.bodies = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def checkpoints_act(quality):
    shutil.copy(ROWS, quality.folder / "rows.csv")
    quality.write("rows.yaml", SUITE)
    with receiver() as (server, url):
        quality.write("checkpoint.yaml", f"""name: nightly
validation_definitions:
  - {{name: good, data: rows.csv, suite: rows.yaml}}
  - {{name: bad, data: rows.csv, suite: rows.yaml, suite_parameters: {{top: 20}}}}
actions:
  - {{type: store_result, folder: results}}
  - {{type: report, folder: reports}}
  - {{type: webhook, url: "{url}/broken"}}
  - {{type: webhook, url: "{url}/all"}}
  - {{type: slack, slack_webhook: "{url}/failed", notify_on: failure}}
  - {{type: slack, slack_webhook: "{url}/fine", notify_on: success}}
""")
        # What cannot be told to one is told to the others all the same, and is an error in the end.
        done = quality.run("checkpoint", "checkpoint.yaml", status=1)
        expect("/broken" in done.stderr, done.stderr)
        expect([path for path, _ in server.bodies] == ["/broken", "/all", "/failed"], server.bodies)
        whole = server.bodies[1][1]
        expect(whole["success"] is False and whole["statistics"]["unsuccessful_validations"] == 1, whole["statistics"])
        expect("1 of 2 validations failed" in server.bodies[2][1]["text"], server.bodies[2])
    stored = json.loads((quality.folder / "results/bad.json").read_text())
    expect(not stored["success"] and (quality.folder / "reports/good.html").stat().st_size > 1000, "nothing was stored")
    # As Great Expectations lays it out; the data are named here.
    quality.run("convert", "rows.yaml", "--to", "gx", "--output", "rows.json")
    (quality.folder / "gx/expectations").mkdir(parents=True)
    shutil.copy(quality.folder / "rows.json", quality.folder / "gx/expectations/rows.json")
    named = {"name": "d", "id": "1"}
    quality.write("gx/validation_definitions/daily.json", json.dumps({
        "name": "daily", "id": "2", "suite": {"name": "rows", "id": "3"},
        "data": {"datasource": named, "asset": named, "batch_definition": named}}))
    quality.write("gx/checkpoints/c.json", json.dumps({
        "name": "c", "id": "4", "validation_definitions": [{"name": "daily", "id": "2"}], "actions": [], "result_format": "BASIC"}))
    expect("--data daily=DATA" in quality.run("checkpoint", "gx/checkpoints/c.json", status=1).stderr, "unnamed data")
    quality.run("checkpoint", "gx/checkpoints/c.json", "--data", "daily=rows.csv")
    quality.write("wrong.yaml", "name: w\nvalidation_definitions: [{name: a, data: rows.csv, suite: rows.yaml}]\n"
                                "actions: [{type: slak}]\n")
    expect("did you mean slack?" in quality.run("checkpoint", "wrong.yaml", status=1).stderr, "no nearest action")


def takes_interrupts(pid):
    caught = re.search(r"^SigCgt:\s*(\w+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return int(caught[1], 16) >> (signal.SIGINT - 1) & 1


def ctrl_c_ends_it(quality):
    suite = quality.write("long.yaml", "suite: l\nchecks:\n"
                          "  - sql_value: {sql: \"(SELECT count(*) FROM range(100000000) a, range(1000000) b "
                          "WHERE a.range + b.range = 7)\", min: 0}\n")
    started = subprocess.Popen([quality.binary, "quality", "validate", str(ROWS), "--suite", str(suite)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # It judges from when it takes the signal itself.
    deadline = time.monotonic() + START_SECONDS_MAX
    while not takes_interrupts(started.pid):
        expect(started.poll() is None and time.monotonic() < deadline, "it ended by itself")
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)
    expect(started.returncode == 1 and "nterrupt" in err, f"{started.returncode}: {out}{err}")


CREDIT = ROOT / "tests/data/models/credit_columns"
CONTRACT = """suite: applicants
checks:
  - between: {column: Age, min: 18, max: 100}
  - in_set: {column: Home, values: [parents, owner, rent, private, other, ignore, unk]}
  - not_null: Income
  - row_count: 1
"""
SAYS = "Home must be one of parents, owner, rent, private, other, ignore, unk, it is \\\"castle\\\""


def requests_of(home, age=30.0):
    """The same applicant in three protocols, by path."""
    columns = ["Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price", "Home", "Marital", "Records", "Job"]
    row = [1.0, 24.0, age, 35.0, 60.0, 0.0, 0.0, 900.0, 1486.0, home, "single", "no", "fixed"]
    return {"/invocations": {"dataframe_split": {"columns": columns, "data": [row]}},
            "/v2/models/credit/infer": {"inputs": [
                {"name": name, "shape": [1, 1], "datatype": "BYTES" if isinstance(value, str) else "FP32", "data": [value]}
                for name, value in zip(columns, row)]},
            "/v1/models/credit:predict": {"instances": [dict(zip(columns, row))]}}


def contracts_hold_in_every_protocol(quality):
    contract = quality.write("contract.yaml", CONTRACT)
    with ModelServer(quality.binary, f"credit={CREDIT}", "--contract", contract) as server:
        for path, body in requests_of("owner").items():
            answer = server.post(path, body)
            expect(answer.status == 200, f"{path}: a good row: {answer.status} {answer.body}")
        for path, body in requests_of("castle").items():
            answer = server.post(path, body)
            expect(answer.status == 400 and SAYS in answer.body.decode(), f"{path}: {answer.status} {answer.body}")
        several = requests_of("owner")["/invocations"]
        several["dataframe_split"]["data"].append(requests_of("owner", age=17.0)["/invocations"]["dataframe_split"]["data"][0])
        answer = server.post("/invocations", several)
        expect(answer.status == 400 and b"it is 17.0 (row 1)" in answer.body, f"{answer.status} {answer.body}")
        expect(server.metric("millwright_contract_rejected_total", model="*") == 4, "refusals were not counted")
        expect(server.metric("millwright_contract_rows_total", model="*") == 8, "rows were not counted")
        expect(server.metric("millwright_contract_breaches_total", model="*", field="Home") == 3, "fields were not counted")
    with ModelServer(quality.binary, f"credit={CREDIT}", "--contract", f"credit={contract}", "--contract-action", "flag") as server:
        for path, body in requests_of("castle").items():
            expect(server.post(path, body).status == 200, f"{path}: a flagged row was refused")
        expect(server.metric("millwright_contract_broken_rows_total", model="credit") == 3, "it was not counted")


LATE = ROOT / "tests/data/models/flights_late_xgb"
LATE_COLUMNS = (LATE / "rows.csv").open().readline().strip().split(",")[:-1]


def contracts_ask_for_what_the_model_takes(quality):
    """A column that no model has would be asked of nothing: no start, and the nearest name."""
    def refused(model, suite):
        contract = quality.write("other.yaml", suite)
        done = subprocess.run([quality.binary, "serve", model, "--contract", contract, "--port", "0"], capture_output=True, text=True, timeout=120)
        expect(done.returncode != 0 and "Serving" not in done.stdout, f"it serves: {done.stdout}{done.stderr}")
        return done.stderr

    said = refused(f"credit={CREDIT}", "suite: s\nchecks: [not_null: age, not_null: Income]\n")
    expect("asks for columns that the model credit does not take: age (nearest is Age)" in said, said)
    said = refused(f"late={LATE / 'model.ubj'}", "suite: s\nchecks: [not_null: distance]\n")
    expect("a check ordered_columns of 11 names says what they are" in said, said)
    contract = quality.write("late.yaml", f"""suite: late
checks:
  - ordered_columns: [{", ".join(LATE_COLUMNS)}]
  - between: {{column: distance, min: 10, max: 5000}}
  - in_set: {{column: day_of_week, values: [1, 2, 3, 4, 5, 6, 7]}}
""")
    with ModelServer(quality.binary, f"late={LATE / 'model.ubj'}", "--contract", contract) as server:
        row = [4, 5, 406, 33.6, -84.4, 27.9, -82.5, 5, 70.4, 1, None]
        split = lambda values: {"dataframe_split": {"columns": LATE_COLUMNS, "data": [values]}}  # noqa: E731
        expect(server.post("/invocations", split(row)).status == 200, "a good row")
        row[2] = -1
        answer = server.post("/invocations", split(row))
        expect(answer.status == 400 and b"distance must be at least 10" in answer.body, f"{answer.status} {answer.body}")


def endpoints_hold_their_contract(quality):
    """By an endpoint's settings; what it answered is judged in its log."""
    with Server(quality.binary, quality.folder / "data") as server:
        def cli(*words, status=0):
            done = subprocess.run([quality.binary, *map(str, words), "--uri", server.uri], capture_output=True, text=True, cwd=quality.folder)
            expect(done.returncode == status, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}")
            return done

        def mlflow(path, body):
            answer = server.post(f"/api/2.0/mlflow/{path}", body)
            expect(answer.status == 200, f"{path}: {answer.body}")
            return answer.json()

        mlflow("registered-models/create", {"name": "credit"})
        run = mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
        server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/model/model.onnx", (CREDIT / "model.onnx").read_bytes())
        mlflow("model-versions/create", {"name": "credit", "run_id": run, "source": f"mlflow-artifacts:/0/{run}/artifacts/model"})
        cli("endpoints", "deploy", "credit", "--model", "credit@1")
        cli("quality", "suite", quality.write("contract.yaml", CONTRACT))
        cli("quality", "suite", quality.write("table.yaml", "suite: table\nchecks: [row_count: 1]\n"))
        expect("Suite not found: absent" in cli("endpoints", "configure", "credit", "--contract", "absent", status=1).stderr, "an absent suite")
        expect("says nothing of single values" in cli("endpoints", "configure", "credit", "--contract", "table", status=1).stderr, "no rules")
        cli("quality", "suite", quality.write("other.yaml", "suite: other\nchecks: [not_null: age]\n"))
        expect("nearest is Age" in cli("endpoints", "configure", "credit", "--contract", "other", status=1).stderr, "other columns")
        cli("endpoints", "configure", "credit", "--contract", "applicants")
        good, bad = ("/v2/models/credit/infer", requests_of("owner")), ("/v2/models/credit/infer", requests_of("castle"))
        ask = lambda request: server.post(request[0], request[1][request[0]])  # noqa: E731
        answer = ask(good)
        expect(answer.status == 200, f"a good row: {answer.status} {answer.body}")
        refused = ask(bad)
        expect(refused.status == 400 and SAYS in refused.body.decode(), f"{refused.status} {refused.body}")
        expect('millwright_contract_rejected_total{model="credit"} 1' in server.get("/metrics").body.decode(), "not counted")
        cli("endpoints", "configure", "credit", "--contract-action", "flag")
        expect(ask(bad).status == 200, "a flagged row was refused")
        cli("endpoints", "configure", "credit", "--contract", "none")
        expect(ask(bad).status == 200, "without a contract")
        log = quality.write("log.yaml", "suite: log\nchecks:\n  - in_set: {column: input_Home, values: [owner]}\n  - row_count: 3\n")
        answer = json.loads(cli("quality", "validate", "predictions:credit", "--suite", log, "--json", status=3).stdout)
        expect([one["success"] for one in answer["results"]] == [False, True], f"{answer}")


def main():
    binary = os.path.abspath(sys.argv[1])
    wanted = sys.argv[2:]
    parts = {"golden": golden_results_come_from_the_command, "wrong": what_is_wrong_is_said_in_a_line,
             "profiles": tables_elsewhere_are_profiled, "forms": forms_are_one_another, "data": data_is_judged_wherever_it_lies, "objects": objects_are_judged,
             "checkpoints": checkpoints_act, "interrupt": ctrl_c_ends_it, "contracts": contracts_hold_in_every_protocol,
             "columns": contracts_ask_for_what_the_model_takes,
             "endpoints": endpoints_hold_their_contract}
    run_tests([(name, lambda part=part: run(part, binary)) for name, part in parts.items() if not wanted or name in wanted])


def run(part, binary):
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        part(Quality(binary, folder))


if __name__ == "__main__":
    main()
