#!/usr/bin/env python3
"""One model, every HTTP protocol: the vectors of all models agree, and bad input gets each protocol's
own refusal while the neighbours answer.

usage: serving_protocols.py BINARY
"""
import csv
import gzip
import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, register  # noqa: E402
from harness.raw_tensors import pack, unpack  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()


def with_vectors():
    return sorted(path.parent.name for path in MODELS.glob("*/vectors.json"))


def size_of(shape):
    return math.prod(shape)


def nested(shape, flat):
    """Lists as the shape says."""
    if len(shape) <= 1:
        return flat
    step = size_of(shape[1:])
    return [nested(shape[1:], flat[i * step:(i + 1) * step]) for i in range(shape[0])]


def flatten(value):
    return [leaf for one in value for leaf in flatten(one)] if isinstance(value, list) else [value]


def packed(tensor):
    values = [math.nan if value is None else value for value in flatten(tensor["data"])]
    texts = tensor["datatype"] == "BYTES"
    return pack(tensor["datatype"], [value.encode() for value in values] if texts else values)


def unpacked(datatype, data):
    values = unpack(datatype, data)
    return [value.decode() for value in values] if datatype == "BYTES" else values


# How each protocol asks and what it answers: NAME -> {output: flat values}; None where the model or its
# inputs cannot be written so.

def by_v2(server, name, request):
    answer = server.post(f"/v2/models/{name}/infer", request)
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def by_v2_nested(server, name, request):
    inputs = [{**one, "data": nested(one["shape"], one["data"])} for one in request["inputs"]]
    return by_v2(server, f"{name}/versions/1", {"inputs": inputs})


def by_v2_binary(server, name, request):
    raw = [packed(one) for one in request["inputs"]]
    inputs = [{"name": one["name"], "shape": one["shape"], "datatype": one["datatype"],
               "parameters": {"binary_data_size": len(data)}} for one, data in zip(request["inputs"], raw)]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    answer = server.post(f"/v2/models/{name}/infer", head + b"".join(raw),
                         {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))})
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    at = int(answer.headers["Inference-Header-Content-Length"])
    outputs = {}
    for one in json.loads(answer.body[:at])["outputs"]:
        size = one["parameters"]["binary_data_size"]
        outputs[one["name"]] = unpacked(one["datatype"], answer.body[at:at + size])
        at += size
    expect(at == len(answer.body), "bytes that belong to no output")
    return outputs


def by_columns(server, name, request):
    inputs = {one["name"]: nested(one["shape"], one["data"]) for one in request["inputs"]}
    answer = server.post(f"/v1/models/{name}:predict", {"inputs": inputs})
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    return named(name, request, answer.json()["outputs"])


def rows_of(request):
    tensors = [(one["name"], nested(one["shape"], one["data"])) for one in request["inputs"]]
    return [{name: values[i] for name, values in tensors} for i in range(len(tensors[0][1]))]


def by_rows(server, name, request):
    if len({tuple(one["shape"][:1]) for one in request["inputs"]}) != 1:
        return None  # a state that is carried on, or a scalar: not a value for each row
    rows = rows_of(request)
    # A column of one value a row is written without a list.
    rows = [{key: value[0] if isinstance(value, list) and len(value) == 1 and len(row) > 1 else value
             for key, value in row.items()} for row in rows]
    if len(request["inputs"]) == 1:
        rows = [next(iter(row.values())) for row in rows]
    answer = server.post(f"/v1/models/{name}/versions/1:predict", {"instances": rows})
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    predictions = answer.json()["predictions"]
    if not isinstance(predictions[0], dict):
        return named(name, request, predictions)
    return {key: [row[key] for row in predictions] for key in predictions[0]}


def invoked(server, name, body, content_type="application/json"):
    body = body if isinstance(body, str) else json.dumps(body)
    answer = server.post(f"/endpoints/{name}/invocations", body, {"Content-Type": content_type})
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
    return answer.json()["predictions"]


def by_invocations(server, name, request):
    return invoked(server, name, {"inputs": {one["name"]: nested(one["shape"], one["data"])
                                             for one in request["inputs"]}})


def table_of(name, request):
    """Columns and rows, where the inputs are a table."""
    shapes = [one["shape"] for one in request["inputs"]]
    if any(value is None for one in request["inputs"] for value in one["data"]) and len(shapes) == 1:
        return None  # a table's column may be empty only where the model says so, and this one does not
    if len(shapes) == 1 and len(shapes[0]) == 2:
        rows = MODELS / name / "rows.csv"
        names = next(csv.reader(rows.open())) if rows.exists() else map(str, range(shapes[0][1]))
        return list(names)[:shapes[0][1]], nested(shapes[0], request["inputs"][0]["data"])
    if all(len(shape) == 2 and shape[1] == 1 for shape in shapes):
        return [one["name"] for one in request["inputs"]], list(map(list, zip(*(one["data"] for one in request["inputs"]))))
    return None


def by_split(server, name, request):
    table = table_of(name, request)
    return table and invoked(server, name, {"dataframe_split": {"columns": table[0], "data": table[1]}})


def by_csv(server, name, request):
    table = table_of(name, request)
    if not table:
        return None
    text = io.StringIO()
    csv.writer(text).writerows([table[0], *table[1]])
    return invoked(server, name, text.getvalue(), "text/csv")


def named(name, request, outputs):
    """The outputs of a model that has one by its name."""
    return outputs if isinstance(outputs, dict) else {None: outputs}


def flat_scores(data):
    """Scores of named classes as the values in the order of the names."""
    return [score for row in data for score in row.values()] if isinstance(data[0], dict) else flatten(data)


PROTOCOLS = [by_v2, by_v2_nested, by_v2_binary, by_columns, by_rows, by_invocations, by_split, by_csv]


def agree(expected, given, tolerance):
    expected, given = flat_scores(expected), flat_scores(given)
    if len(expected) != len(given):
        return f"{len(given)} values, not {len(expected)}"
    for a, b in zip(expected, given):
        both_missing = (a is None or a != a) and (b is None or b != b)
        if isinstance(a, (str, bool)):
            if a != b:
                return f"{b!r}, not {a!r}"
        elif not both_missing and not (b is not None and (a == b or abs(a - b) <= max(tolerance, abs(a) * 1e-7))):
            return f"{b}, not {a}"
    return ""


def vectors_agree():
    names = with_vectors()
    compared = 0
    with ModelServer(BINARY, *(f"{name}={MODELS / name / 'model.onnx'}" for name in names)) as server:
        for name in names:
            vectors = json.loads((MODELS / name / "vectors.json").read_text())
            for case in vectors["cases"]:
                for ask in PROTOCOLS:
                    if (answer := ask(server, name, case["request"])) is None:
                        continue
                    expected = case["expected_onnxruntime"]["outputs"]
                    for output in expected:
                        given = answer.get(output["name"], answer.get(None))
                        expect(given is not None, f"{name} {ask.__name__}: no {output['name']} in {list(answer)}")
                        wrong = agree(output["data"], given, vectors["tolerance_abs"])
                        expect(not wrong, f"{name} {case['id']} {ask.__name__} {output['name']}: {wrong}")
                        compared += 1
    expect(len(names) >= 11 and compared > 300, f"{len(names)} models, {compared} outputs")


GOOD = {"v2": ("/v2/models/ridge/infer", {"inputs": [{"name": "X", "shape": [1, 10], "datatype": "FP32", "data": [0] * 10}]}),
        "v1": ("/v1/models/ridge:predict", {"instances": [[0] * 10]}),
        "mlflow": ("/endpoints/ridge/invocations", {"inputs": [[0] * 10]})}
DEEP = "[" * 200_000
# What is wrong, by protocol: a body or the field whose value is replaced.
BAD_TEXT = ["", "{", "null", "[]", "{}", '"text"', "\xff", '{"instances":', DEEP, '{"inputs":' + DEEP,
            '{"instances":' + DEEP, '{"examples":' + DEEP, '{"dataframe_split":{"data":' + DEEP,
            '{"a":' * 100_000, '{"inputs":[{"name":"X\\ud800"}]}', '{"inputs":[],"inputs":[]} trailing',
            '{"instances":[[NaN]]}', '{"instances":[[1e999]]}', '{"instances":[[-]]}', '{"inputs":{"X":[[1,2],[3]]}}',
            '{"inputs":{"Y":[[1]]}}', '{"instances":[{"X":[1],"X":[2]}]}', '{"instances":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}']
BAD_ROWS = [[[0] * 9], [[0] * 11], [["a"] * 10], [[None] * 9], [[True] * 10], [[0] * 10, [0] * 9], [0] * 10, [[[0] * 10]],
            [[{"a": 1}] * 10], [], [{}], [{"X": [0] * 9}], [[0] * 10, {"X": [0] * 10}], [["", *[0] * 9]]]
BAD_INPUTS = [{"shape": [1, 11]}, {"shape": [10]}, {"shape": [1, 10, 1]}, {"shape": [-1, 10]}, {"shape": [1 << 62, 1 << 62]},
              {"shape": [2 ** 63 - 1]}, {"shape": [10 ** 30]}, {"shape": "1,10"}, {"shape": [1.5, 10]}, {"shape": [0, 10]},
              {"shape": [1] * 100}, {"datatype": "FP64"}, {"datatype": "INT64"}, {"datatype": "BYTES"}, {"datatype": "fp32"},
              {"datatype": 1}, {"datatype": None}, {"name": "Y"}, {"name": ""}, {"name": None}, {"data": [0] * 9},
              {"data": [0] * 11}, {"data": ["a"] * 10}, {"data": [[0] * 5, [0] * 4]}, {"data": {}}, {"data": None},
              {"data": [1e39] * 10}, {"parameters": {"binary_data_size": 40}}, {"parameters": {"binary_data_size": -1}},
              {"parameters": []}, {"unknown": 1}]


def refusals(server, path, body, headers=None):
    """Sends it and returns the refusal; a crash, a hang or a 500 fails the test."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    data = body.encode("latin-1") if isinstance(body, str) else body
    answer = server.post(path, data, headers)
    expect(400 <= answer.status < 500, f"{path} {data[:100]!r}: {answer.status} {answer.body[:300]}")
    refusal = answer.json()
    expect("/tmp" not in answer.body.decode() and "src/" not in answer.body.decode(), f"{refusal}")
    return refusal


def expect_shape(protocol, refusal):
    keys = {"error_code", "message"} if protocol == "mlflow" else {"error"}
    expect(set(refusal) == keys and all(isinstance(value, str) and value for value in refusal.values()), f"{refusal}")


def expect_neighbours(server):
    for path, body in GOOD.values():
        answer = server.post(path, body)
        expect(answer.status == 200, f"{path}: {answer.status} {answer.body[:200]}")


def bad_input_is_refused_in_each_protocol():
    with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}") as server:
        for protocol, (path, _) in GOOD.items():
            for text in BAD_TEXT:
                expect_shape(protocol, refusals(server, path, text))
            expect_neighbours(server)
        for rows in BAD_ROWS:
            expect_shape("v1", refusals(server, GOOD["v1"][0], {"instances": rows}))
            expect_shape("v1", refusals(server, GOOD["v1"][0], {"inputs": {"X": rows}}))
            expect_shape("mlflow", refusals(server, GOOD["mlflow"][0], {"instances": rows}))
            expect_shape("mlflow", refusals(server, GOOD["mlflow"][0], {"inputs": rows}))
            expect_shape("mlflow", refusals(server, GOOD["mlflow"][0],
                                            {"dataframe_split": {"columns": list(range(10)), "data": rows}}))
            expect_shape("v1", refusals(server, "/v1/models/ridge:regress", {"examples": rows}))
        good = GOOD["v2"][1]["inputs"][0]
        for change in BAD_INPUTS:
            expect_shape("v2", refusals(server, GOOD["v2"][0], {"inputs": [{**good, **change}]}))
        expect_shape("v2", refusals(server, GOOD["v2"][0], {"inputs": [good, good]}))
        expect_shape("v2", refusals(server, GOOD["v2"][0], {"inputs": [good], "outputs": [{"name": "nobody"}]}))
        expect_shape("v2", refusals(server, GOOD["v2"][0], {"inputs": [good], "id": 7}))
        expect_neighbours(server)


def bad_tables_are_refused():
    path, credit = "/endpoints/credit/invocations", MODELS / "credit_columns"
    good = (credit / "mlflow_csv.csv").read_bytes()
    with ModelServer(BINARY, f"credit={credit / 'model.onnx'}", f"ridge={MODELS / 'diabetes_ridge/model.onnx'}") as server:
        for kind, bodies in {
                "text/csv": [b"", b"\n\n", b"a,b\n1,2\n", good.replace(b",Job", b",Jobs"), good.replace(b"24.0", b"young"),
                             good + b"1,2\n", good + b'"', good.replace(b"Age", b"Time"), b"," * 200_000, b'"' * 99_999,
                             good.split(b"\n")[0], b"\xff\xfe" + good, bytes(range(256)) * 100],
                "application/vnd.apache.parquet": [b"", b"PAR1", b"PAR1" + bytes(1000) + b"PAR1", good, b"PAR1" * 5000]}.items():
            for body in bodies:
                expect_shape("mlflow", refusals(server, path, body, {"Content-Type": kind}))
        for kind in ("text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a" * 5000, "application/json,"):
            expect_shape("mlflow", refusals(server, path, good, {"Content-Type": kind}))
        expect_neighbours(server)


def paths_that_there_are_not_are_refused_in_the_protocols_shape():
    with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}") as server:
        for method, path, status in (("GET", "/v2/models/ridge/trace/setting", 404), ("POST", "/v2/models/ridge/generate", 404),
                                     ("DELETE", "/v2/models/ridge", 405), ("GET", "/v2/models/ridge/infer", 405),
                                     ("POST", "/v1/models/ridge:explain", 405), ("GET", "/v1/models/ridge/nothing", 404)):
            answer = server.request(method, path)
            expect(answer.status == status and set(answer.json()) == {"error"}, f"{path}: {answer.status} {answer.body}")
        expect(set(server.get("/nothing").json()) == {"error_code", "message"}, "another path")


def a_gzip_bomb_is_not_unpacked():
    bomb = gzip.compress(b'{"instances":[[' + b"0," * 50_000_000 + b"0]]}")
    with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}") as server:
        for protocol, (path, _) in GOOD.items():
            expect_shape(protocol, refusals(server, path, bomb, {"Content-Encoding": "gzip"}))
            answer = server.post(path, bomb, {"Content-Encoding": "gzip"})
            expect(answer.status == 415 and "gzip" in answer.body.decode() and
                   answer.headers["Accept-Encoding"] == "identity", f"{answer.status} {answer.body[:300]}")
        expect_neighbours(server)


def labels_are_aliases_of_the_registry():
    with tempfile.TemporaryDirectory() as scratch, Server(BINARY, pathlib.Path(scratch) / "data") as server:
        first, second = register(server, "ridge", "diabetes_ridge"), register(server, "ridge", "diabetes_ridge")
        answer = server.post("/api/v1/endpoints", {"name": "ridge", "model": "ridge", "version": first})
        expect(answer.status == 200, f"{answer.body}")
        path, row = "/v1/models/ridge/labels/champion", {"instances": [[0] * 10]}
        expect(server.post(path + ":predict", row).status == 404, "a label that nobody set")
        server.mlflow("registered-models/alias", {"name": "ridge", "alias": "champion", "version": first})
        by_label = server.post(path + ":predict", row)
        expect(by_label.status == 200 and by_label.json() == server.post("/v1/models/ridge:predict", row).json(),
               f"{by_label.status} {by_label.body}")
        status = server.get(path)
        expect(status.status == 200 and [one["version"] for one in status.json()["model_version_status"]] == [first],
               f"{status.body}")
        expect(server.get(path + "/metadata").json()["model_spec"]["version"] == first, "metadata of the label")
        # A moved alias counts at once, also to a version that is not deployed.
        server.mlflow("registered-models/alias", {"name": "ridge", "alias": "champion", "version": second})
        expect(server.post(path + ":predict", row).status == 404, "a label of a version that is not deployed")
        stats = server.get("/v2/models/ridge/stats").json()["model_stats"]
        expect([one["inference_count"] for one in stats] == [2], f"{stats}")
        index = server.post("/v2/repository/index", {}).json()
        expect(index == [{"name": "ridge", "version": first, "state": "READY", "reason": ""}], f"{index}")
        answer = server.post("/v2/repository/models/ridge/unload", {})
        expect(answer.status == 501 and "DELETE /api/v1/endpoints/ridge" in answer.json()["error"], f"{answer.body}")


def a_new_version_has_as_many_replicas():
    with tempfile.TemporaryDirectory() as scratch, Server(BINARY, pathlib.Path(scratch) / "data") as server:
        versions = [register(server, "ridge", "diabetes_ridge") for _ in range(3)]
        for version, replicas, wanted in ((versions[0], 2, 2), (versions[1], None, 2), (versions[2], 1, 1)):
            asked = {"name": "ridge", "model": "ridge", "version": version, **({"replicas": replicas} if replicas else {})}
            answer = server.post("/api/v1/endpoints", asked)
            expect(answer.status == 200, f"{answer.body}")
            live = [one for one in answer.json()["revisions"] if one["role"] == "live"]
            expect([one["replicas_wanted"] for one in live] == [wanted], f"version {version}: {live}")


def says_where_it_listens_as_json():
    words = [str(BINARY), "serve", f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", "--port", "0", "--grpc-port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            expect(line, f"it ended: {text}")
            text += line
        where = json.loads(text)
        expect(where["models"] == ["ridge"] and where["grpc"].startswith("127.0.0.1:"), f"{where}")
        with urllib.request.urlopen(where["uri"] + "/v2/health/ready", timeout=60) as answer:
            expect(answer.status == 200, f"{answer.status}")
        process.terminate()
        expect(process.stdout.read() == "", "more than one document")


def hosts_and_sizes_are_the_operators():
    """A model server in a cluster is called by a service's name."""
    ridge, body = f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", {"inputs": [[0] * 10]}
    with ModelServer(BINARY, ridge, "--allowed-host", "models", "--allowed-host", "*.svc.cluster.local",
                     "--body-bytes-max", "2000") as server:
        for host, expected in (("models:8080", 200), ("ridge.ml.svc.cluster.local", 200), ("elsewhere.org", 403)):
            status = server.request("GET", "/v2/health/ready", headers={"Host": host}).status
            expect(status == expected, f"{host}: {status}")
        expect(server.ask("ridge", body)[0] == 200, "a small body")
        large = {"inputs": [[0] * 10] * 200}
        words = "The request body is larger than 2000 bytes"
        for path, shape in (("/v2/models/{}/infer", {"error": words}), ("/v1/models/{}:predict", {"error": words}),
                            ("/endpoints/{}/invocations", {"error_code": "RESOURCE_EXHAUSTED", "message": words})):
            answer = server.ask("ridge", large, path=path)
            expect(answer == (413, shape), f"{path}: {answer}")


run_tests([("labels are aliases of the registry", labels_are_aliases_of_the_registry),
           ("a new version has as many replicas", a_new_version_has_as_many_replicas),
           ("says where it listens as JSON", says_where_it_listens_as_json),
           ("hosts and sizes are the operator's", hosts_and_sizes_are_the_operators),
           ("vectors agree in every protocol", vectors_agree),
           ("bad input is refused in each protocol's shape", bad_input_is_refused_in_each_protocol),
           ("bad tables are refused", bad_tables_are_refused),
           ("paths that there are not are refused in the protocol's shape",
            paths_that_there_are_not_are_refused_in_the_protocols_shape),
           ("a gzip bomb is not unpacked", a_gzip_bomb_is_not_unpacked)])
