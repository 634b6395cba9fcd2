#!/usr/bin/env python3
"""The Open Inference Protocol over gRPC by Debian's Python client: vectors of all models typed and raw, against
`millwright serve` and against the server's gateway with tokens; and the port outlives bad clients.

usage: serving_grpc.py BINARY
"""
import base64
import json
import math
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.grpc_client import GrpcClient, health_pb, pb, refusal  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, register  # noqa: E402
from harness.raw_tensors import pack, unpack  # noqa: E402
from google.protobuf import json_format  # noqa: E402  (after grpc_client, which finds the interpreter that has it)

BINARY = pathlib.Path(sys.argv[1]).resolve()
LISTS = {"BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
         "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
         "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents"}


def flat(value):
    if isinstance(value, dict):  # scores of named classes, in the order of the names
        return list(value.values())
    return [leaf for one in value for leaf in flat(one)] if isinstance(value, list) else [value]


def values_of(tensor):
    values = [math.nan if value is None else value for value in flat(tensor["data"])]
    return [value.encode() for value in values] if tensor["datatype"] == "BYTES" else values


def request_of(model, inputs, raw):
    request = pb.ModelInferRequest(model_name=model)
    for tensor in inputs:
        entry = request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=tensor["shape"])
        if raw:
            request.raw_input_contents.append(pack(tensor["datatype"], values_of(tensor)))
        else:
            getattr(entry.contents, LISTS[tensor["datatype"]]).extend(values_of(tensor))
    return request


def outputs_of(answer):
    if answer.raw_output_contents:
        return {one.name: unpack(one.datatype, data)
                for one, data in zip(answer.outputs, answer.raw_output_contents)}
    return {one.name: list(getattr(one.contents, LISTS[one.datatype])) for one in answer.outputs}


def expect_close(what, expected, given, tolerance):
    expect(len(expected) == len(given), f"{what}: {len(given)} values, not {len(expected)}")
    for a, b in zip(expected, given):
        same = a == b or (isinstance(a, (int, float)) and (
            (math.isnan(a) and math.isnan(b)) or abs(a - b) <= max(tolerance, abs(a) * 1e-7)))
        expect(same, f"{what}: {b!r}, not {a!r}")


def expect_vectors(client, model, name):
    """Asks the model by all its vectors; returns how many outputs were compared."""
    vectors, compared = json.loads((MODELS / name / "vectors.json").read_text()), 0
    for case in vectors["cases"]:
        inputs = case["request"]["inputs"]
        for raw in (False, True):
            if not raw and any(one["datatype"] == "FP16" for one in inputs):
                continue
            given = outputs_of(client.infer(request_of(model, inputs, raw)))
            for output in case["expected_onnxruntime"]["outputs"]:
                expect_close(f"{name} {case['id']} {output['name']}", values_of(output), given[output["name"]],
                             vectors["tolerance_abs"])
                compared += 1
    return compared


def zeros(model, rows=1):
    return request_of(model, [{"name": "X", "datatype": "FP32", "shape": [rows, 10], "data": [0] * rows * 10}], True)


class SecuredServer(Server):
    """Asked by its first user."""

    PASSWORD = "correct horse battery"

    def request(self, method, path, body=None, headers=None):
        login = base64.b64encode(f"admin:{self.PASSWORD}".encode()).decode()
        return super().request(method, path, body, {"Authorization": f"Basic {login}", **(headers or {})})


def vectors_agree():
    names = sorted(path.parent.name for path in MODELS.glob("*/vectors.json"))
    compared = 0
    models = (f"{name}={MODELS / name / 'model.onnx'}" for name in names)
    with ModelServer(BINARY, *models, "--grpc-port", "0") as server, GrpcClient(server.grpc_port) as client:
        for name in names:
            compared += expect_vectors(client, name, name)
    expect(len(names) >= 11 and compared > 60, f"{len(names)} models, {compared} outputs")


def the_gateway_asks_for_tokens():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        port_file = scratch / "grpc.port"
        with SecuredServer(BINARY, scratch / "data", "--grpc-port", "0", "--grpc-port-file", port_file, "--auth", "basic",
                           environment={"MILLWRIGHT_ADMIN_PASSWORD": SecuredServer.PASSWORD}) as server:
            version = register(server, "cancer")
            answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            token = server.post("/api/v1/tokens", {"name": "grpc"}).json()["secret"]
            port = port_file.read_text()
            case = json.loads((MODELS / "breast_cancer_lr/vectors.json").read_text())["cases"][0]
            request = request_of("cancer", case["request"]["inputs"], True)
            with GrpcClient(port) as stranger:
                expect(refusal(lambda: stranger.infer(request))[0] == "UNAUTHENTICATED", "asked without a token")
                live = stranger.call("ServerLive", pb.ServerLiveRequest(), pb.ServerLiveResponse)
                expect(live.live, "a probe needs no token")
            with GrpcClient(port, "nonsense") as stranger:
                expect(refusal(lambda: stranger.infer(request))[0] == "UNAUTHENTICATED", "asked with a wrong token")
            with GrpcClient(port, token) as client:
                expect(expect_vectors(client, "cancer", "breast_cancer_lr") > 0, "no vectors")
                code, text = refusal(lambda: client.call("RepositoryModelUnload", pb.RepositoryModelUnloadRequest(
                    model_name="cancer"), pb.RepositoryModelUnloadResponse))
                expect(code == "UNIMPLEMENTED" and "/api/v1/endpoints/cancer" in text, f"{code} {text}")
                index = client.call("RepositoryIndex", pb.RepositoryIndexRequest(), pb.RepositoryIndexResponse)
                expect([(one.name, one.version, one.state) for one in index.models] == [("cancer", version, "READY")],
                       f"{index}")
            metrics = server.get("/metrics").body.decode()
            expect('grpc_method="ModelInfer",grpc_code="Unauthenticated"} 2' in metrics, "no count of refused calls")


def each_token_has_limits_of_its_own():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        port_file = scratch / "grpc.port"
        with SecuredServer(BINARY, scratch / "data", "--grpc-port", "0", "--grpc-port-file", port_file, "--auth", "basic",
                           environment={"MILLWRIGHT_ADMIN_PASSWORD": SecuredServer.PASSWORD}) as server:
            version = register(server, "cancer")
            for path, body in (("", {"name": "cancer", "model": "cancer", "version": version}),
                               ("/cancer/policy", {"requests_per_s": 0.0001, "burst": 2})):
                answer = server.post("/api/v1/endpoints" + path, body)
                expect(answer.status == 200, f"{answer.status} {answer.body}")
            shop, batch = (server.post("/api/v1/tokens", {"name": name}).json() for name in ("shop", "batch"))
            case = json.loads((MODELS / "breast_cancer_lr/vectors.json").read_text())["cases"][0]["request"]
            request = request_of("cancer", case["inputs"], True)

            def ask(**headers):
                return server.request("POST", "/v2/models/cancer/infer", case, headers)

            def bearer(token):
                return {"Authorization": f"Bearer {token['secret']}"}
            with GrpcClient(port_file.read_text(), batch["secret"]) as client:
                client.infer(request)
                expect(ask(**bearer(batch)).status == 200, "the second request of a token")
                code, text = refusal(lambda: client.infer(request))
                who = f"admin/batch ({batch['id']})"
                expect((code, text) == ("RESOURCE_EXHAUSTED", f"More than 0.0001 requests a second from {who}"), f"{code} {text}")
                refused = ask(**bearer(batch))
                expect(refused.status == 429 and who in refused.body.decode(), f"{refused.status} {refused.body}")
            expect([ask(**bearer(shop)).status for _ in range(3)] == [200, 200, 429], "the other token's own limit")
            expect([ask().status for _ in range(3)] == [200, 200, 429], "the user's own limit")
            callers = server.get("/api/v1/endpoints/cancer").json()["limits"]["callers"]
            expect({one["caller"]: one["refused"] for one in callers} ==
                   {who: 2, f"admin/shop ({shop['id']})": 1, "admin": 1}, f"{callers}")


def methods_that_there_are_not_are_refused_at_once():
    model = MODELS / "breast_cancer_lr/model.onnx"
    with ModelServer(BINARY, f"cancer={model}", "--grpc-port", "0") as server, GrpcClient(server.grpc_port) as client:
        for path in ("inference.GRPCInferenceService/SystemSharedMemoryStatus", "nobody.Knows/Me",
                     "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"):
            calls = [client.channel.unary_unary(f"/{path}").future(b"", timeout=60) for _ in range(40)]
            for call in calls:
                code, text = refusal(call.result)
                expect(code == "UNIMPLEMENTED" and path in text, f"{code} {text}")
            stream = client.channel.stream_stream(f"/{path}")(iter([b"", b""]), timeout=60)
            expect(refusal(lambda: list(stream))[0] == "UNIMPLEMENTED", "a stream of an unknown method")


def callers_are_logged_as_over_http():
    """By where they call from; with --auth by the name that they have shown."""
    case = json.loads((MODELS / "diabetes_ridge/vectors.json").read_text())["cases"][0]
    request = request_of("ridge", case["request"]["inputs"], raw=False)
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch) / "log"
        with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", "--log", log, "--grpc-port", "0") as server:
            with GrpcClient(server.grpc_port) as client:
                client.infer(request)
            expect(server.post("/v2/models/ridge/infer", case["request"]).status == 200, "over HTTP")
        done = subprocess.run([BINARY, "predictions", "decode", str(log)], capture_output=True, text=True, check=True)
        callers = {json.loads(line)["caller"] for line in done.stdout.splitlines()}
        expect(len(callers) == 2 and all(re.fullmatch(r"127\.0\.0\.1:\d+", one) for one in callers), f"{callers}")


def configuration_is_the_same_over_rest():
    """Triton's: a client that parses the message's JSON gets the message of gRPC."""
    names = ("breast_cancer_lr", "credit_columns", "identity_all_types")
    models = [f"{name}@3={MODELS / name / 'model.onnx'}" for name in names]
    with ModelServer(BINARY, *models, "--grpc-port", "0") as server, GrpcClient(server.grpc_port) as client:
        for name in names:
            over_grpc = client.call("ModelConfig", pb.ModelConfigRequest(name=name), pb.ModelConfigResponse).config
            for path in (f"/v2/models/{name}/config", f"/v2/models/{name}/versions/3/config"):
                answer = server.get(path)
                expect(answer.status == 200, f"{path}: {answer.status} {answer.body}")
                parsed = json_format.Parse(answer.body, pb.ModelConfig(), ignore_unknown_fields=True)
                expect(parsed == over_grpc, f"{path}: {parsed} and not {over_grpc}")
            expect(over_grpc.input and over_grpc.output, f"{over_grpc}")
        expect(server.get("/v2/models/breast_cancer_lr/config").json() == {
            "name": "breast_cancer_lr", "platform": "onnxruntime_onnx", "backend": "", "max_batch_size": 0,
            "input": [{"name": "X", "data_type": "TYPE_FP32", "dims": [-1, 30], "format": "FORMAT_NONE",
                       "is_shape_tensor": False, "allow_ragged_batch": False, "optional": False}],
            "output": [{"name": "label", "data_type": "TYPE_INT64", "dims": [-1], "label_filename": "", "is_shape_tensor": False},
                       {"name": "probabilities", "data_type": "TYPE_FP32", "dims": [-1, 2], "label_filename": "",
                        "is_shape_tensor": False}]}, "the configuration is another one")
        expect(server.get("/v2/models/breast_cancer_lr/versions/4/config").status == 404, "a version that is not there")
        expect("model_configuration" in server.get("/v2").json()["extensions"], "the extension is not told")


def a_contract_refuses_over_grpc_too():
    with tempfile.TemporaryDirectory() as scratch:
        contract = pathlib.Path(scratch) / "contract.yaml"
        contract.write_text("suite: ridge\nchecks:\n  - between: {column: \"X[3]\", min: -1, max: 1}\n")
        with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", "--contract", str(contract),
                         "--grpc-port", "0") as server, GrpcClient(server.grpc_port) as client:
            expect(refusal(lambda: client.infer(zeros("ridge"))) == (None, ""), "a good row is refused")
            far = request_of("ridge", [{"name": "X", "datatype": "FP32", "shape": [2, 10], "data": [0.0] * 13 + [7.0] * 7}], True)
            code, text = refusal(lambda: client.infer(far))
            expect(code == "INVALID_ARGUMENT" and "X[3] must be at least -1 and at most 1, it is 7" in text and "row 1" in text,
                   f"{code} {text}")


def a_stream_and_a_watch_end_with_the_server():
    with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", "--grpc-port", "0") as server:
        with GrpcClient(server.grpc_port) as client:
            answered, more = threading.Event(), threading.Event()

            def requests():
                yield zeros("ridge")
                answered.set()
                more.wait(60)

            stream, watch = client.stream(requests()), client.watch()
            expect(len(next(stream).infer_response.outputs) == 1 and answered.wait(60), "no answer on the stream")
            expect(next(watch).status == health_pb.HealthCheckResponse.SERVING, "not serving")
            server.process.terminate()
            expect(next(watch).status == health_pb.HealthCheckResponse.NOT_SERVING, "the end was not told")
            for one in (stream, watch):
                expect(refusal(lambda one=one: next(one))[0] == "UNAVAILABLE", "not ended")
            more.set()
            expect(server.process.wait(30) == 0, "an exit of its own")


def clients_that_misbehave_cost_the_others_nothing():
    with ModelServer(BINARY, f"ridge={MODELS / 'diabetes_ridge/model.onnx'}", "--grpc-port", "0") as server:
        with GrpcClient(server.grpc_port) as client:
            strangers = [socket.create_connection(("127.0.0.1", server.grpc_port)) for _ in range(50)]
            for number, stranger in enumerate(strangers):
                stranger.sendall([b"", b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
                                  bytes(1000)][number % 4])
            for _ in range(20):
                expect(len(client.infer(zeros("ridge")).outputs) == 1, "no answer")
            for cancelled in [client.stream(iter(lambda: zeros("ridge"), None)) for _ in range(20)]:
                next(cancelled)
                cancelled.cancel()
            code, _ = refusal(lambda: client.infer(pb.ModelInferRequest(
                model_name="ridge", raw_input_contents=[bytes(1 << 20)] * 100)))
            expect(code == "RESOURCE_EXHAUSTED", f"100 MiB: {code}")
            # gRPC's library may close the connection for it.
            with GrpcClient(server.grpc_port) as stranger:
                code, _ = refusal(lambda: stranger.infer(zeros("ridge"), metadata=[("a", "b" * 100_000)]))
            expect(code is not None, "100 KB of metadata")
            expect(len(client.infer(zeros("ridge")).outputs) == 1, "no answer after all that")
            for stranger in strangers:
                stranger.close()


run_tests([("the vectors of all models agree, typed and raw", vectors_agree),
           ("callers are logged as over HTTP", callers_are_logged_as_over_http),
           ("the configuration is the same over REST", configuration_is_the_same_over_rest),
           ("the gateway answers those who have a token", the_gateway_asks_for_tokens),
           ("each token has limits of its own, over REST and gRPC together", each_token_has_limits_of_its_own),
           ("methods that there are not are refused at once", methods_that_there_are_not_are_refused_at_once),
           ("a contract refuses over gRPC, too", a_contract_refuses_over_grpc_too),
           ("a stream and a watch end with the server", a_stream_and_a_watch_end_with_the_server),
           ("clients that misbehave cost the others nothing", clients_that_misbehave_cost_the_others_nothing)])
