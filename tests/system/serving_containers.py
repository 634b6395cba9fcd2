#!/usr/bin/env python3
"""Models whose inputs and outputs are no plain tensors, in every protocol: sequences of tensors, maps from label to
score, optional inputs. What a protocol cannot say is an error of its own shape.

usage: serving_containers.py BINARY
"""
import pathlib
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.grpc_client import GrpcClient, pb, refusal  # noqa: E402
from harness.millwright import expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CONTAINERS = MODELS / "containers"
NAMES = ("sequence_out", "sequence_in", "optional_in", "maps_out")
ROWS = [[0, 1, 2, 3], [4, 5, 6, 7]]


def served():
    return ModelServer(BINARY, *(f"{name}={CONTAINERS / name}.onnx" for name in NAMES),
                       "--grpc-port", "0")


def flat(value):
    return [leaf for one in value for leaf in flat(one)] if isinstance(value, list) else [value]


def shape_of(value):
    return [len(value), *shape_of(value[0])] if isinstance(value, list) else []


def v2(server, model, inputs):
    """Returns {output: (shape, values)}, or what the answer says instead."""
    body = {"inputs": [{"name": name, "datatype": "FP32", "shape": shape_of(value), "data": flat(value)}
                       for name, value in inputs.items()]}
    answer = server.post(f"/v2/models/{model}/infer", body)
    if answer.status != 200:
        return answer.status, answer.json()["error"]
    return {one["name"]: (one["shape"], one["data"]) for one in answer.json()["outputs"]}


def tensorflow(server, model, body):
    answer = server.post(f"/v1/models/{model}:predict", body)
    return answer.json() if answer.status == 200 else (answer.status, answer.json()["error"])


def invocations(server, model, body):
    answer = server.post(f"/endpoints/{model}/invocations", body)
    return answer.json()["predictions"] if answer.status == 200 else (answer.status, answer.json()["message"])


def grpc(server, model, inputs):
    """As v2."""
    request = pb.ModelInferRequest(model_name=model)
    for name, value in inputs.items():
        request.inputs.add(name=name, datatype="FP32", shape=shape_of(value))
        request.raw_input_contents.append(struct.pack(f"<{len(flat(value))}f", *flat(value)))
    answers = []
    with GrpcClient(server.grpc_port) as client:
        code, text = refusal(lambda: answers.append(client.infer(request)))
    if code is not None:
        return code, text
    formats = {"FP32": "f", "INT64": "q"}
    return {one.name: (list(one.shape), [value for (value,) in struct.iter_unpack("<" + formats[one.datatype], raw)])
            for one, raw in zip(answers[0].outputs, answers[0].raw_output_contents)}


def expect_same(given, wanted):
    expect(given == wanted, f"{given} instead of {wanted}")


def a_sequence_of_tensors_is_one_tensor():
    """Its length comes first, in what is answered and in what is asked."""
    with served() as server:
        stacked, parts = {"parts": ([2, 1, 4], flat(ROWS))}, [[row] for row in ROWS]
        expect_same(v2(server, "sequence_out", {"X": ROWS}), stacked)
        expect_same(grpc(server, "sequence_out", {"X": ROWS}), stacked)
        expect_same(tensorflow(server, "sequence_out", {"instances": ROWS}), {"predictions": parts})
        expect_same(tensorflow(server, "sequence_out", {"inputs": ROWS}), {"outputs": parts})
        expect_same(invocations(server, "sequence_out", {"inputs": ROWS}), {"parts": parts})
        rows = {"Y": ([2, 4], flat(ROWS))}
        expect_same(v2(server, "sequence_in", {"parts": parts}), rows)
        expect_same(grpc(server, "sequence_in", {"parts": parts}), rows)
        expect_same(tensorflow(server, "sequence_in", {"instances": parts}), {"predictions": ROWS})
        expect_same(tensorflow(server, "sequence_in", {"inputs": {"parts": parts}}), {"outputs": ROWS})
        expect_same(invocations(server, "sequence_in", {"inputs": {"parts": parts}}), {"Y": ROWS})


def an_empty_sequence_is_refused():
    """The runtime has none."""
    why = "Input parts: a sequence must have at least one tensor"
    with served() as server:
        body = {"inputs": [{"name": "parts", "datatype": "FP32", "shape": [0, 1, 4], "data": []}]}
        answer = server.post("/v2/models/sequence_in/infer", body)
        expect_same((answer.status, answer.json()), (400, {"error": why}))
        request = pb.ModelInferRequest(model_name="sequence_in", raw_input_contents=[b""])
        request.inputs.add(name="parts", datatype="FP32", shape=[0, 1, 4])
        with GrpcClient(server.grpc_port) as client:
            expect_same(refusal(lambda: client.infer(request)), ("INVALID_ARGUMENT", why))
        expect_same(v2(server, "sequence_in", {"parts": [ROWS]}), {"Y": ([2, 4], flat(ROWS))})


def maps_are_scores_and_their_labels():
    """Protocols with objects answer with the maps themselves."""
    with served() as server:
        flattened = {"scores": ([2, 4], flat(ROWS)), "scores_keys": ([4], [3, 5, 7, 11])}
        maps = [dict(zip(("3", "5", "7", "11"), row)) for row in ROWS]
        expect_same(v2(server, "maps_out", {"X": ROWS}), flattened)
        expect_same(grpc(server, "maps_out", {"X": ROWS}), flattened)
        expect_same(tensorflow(server, "maps_out", {"instances": ROWS}), {"predictions": maps})
        expect_same(tensorflow(server, "maps_out", {"inputs": ROWS}),
                    {"outputs": {"scores": ROWS, "scores_keys": [3, 5, 7, 11]}})
        expect_same(invocations(server, "maps_out", {"inputs": ROWS}), {"scores": maps})


def an_optional_input_may_be_absent():
    bias, sums = [1, 1, 1, 2], [[1, 2, 3, 5], [5, 6, 7, 9]]
    with served() as server:
        for inputs, wanted in (({"X": ROWS}, ROWS), ({"X": ROWS, "bias": bias}, sums), ({"X": ROWS}, ROWS)):
            expect_same(v2(server, "optional_in", inputs), {"Y": ([2, 4], flat(wanted))})
            expect_same(grpc(server, "optional_in", inputs), {"Y": ([2, 4], flat(wanted))})
            expect_same(tensorflow(server, "optional_in", {"inputs": inputs}), {"outputs": wanted})
            expect_same(invocations(server, "optional_in", {"inputs": inputs}), {"Y": wanted})
        # Rows cannot say what is one for all of them.
        rows = {"instances": [{"X": row, "bias": bias} for row in ROWS]}
        expect_same(tensorflow(server, "optional_in", rows), (400, "Input bias: expected FP32 [4], got FP32 [2,4]"))
        expect_same(invocations(server, "optional_in", rows), (400, "Input bias: expected FP32 [4], got FP32 [2,4]"))
        expect_same(v2(server, "optional_in", {"X": ROWS, "bias": [[1, 1, 1, 2]]}),
                    (400, "Input bias: expected FP32 [4], got FP32 [1,4]"))


def what_no_tensor_can_say_is_refused_when_it_is_loaded():
    for name, why in (("uneven_sequence_out", "the tensors of a sequence differ in shape, which no protocol says"),
                      ("map_in", "Input counts is a map; only tensors and sequences of tensors can be asked for")):
        done = subprocess.run([BINARY, "serve", f"m={CONTAINERS / name}.onnx", "--port", "0"], capture_output=True,
                              text=True, timeout=60)
        expect(done.returncode == 1 and why in done.stderr, f"{name}: {done.returncode} {done.stderr}")


run_tests([("a sequence of tensors is one tensor", a_sequence_of_tensors_is_one_tensor),
           ("an empty sequence is refused", an_empty_sequence_is_refused),
           ("maps are scores and their labels", maps_are_scores_and_their_labels),
           ("an optional input may be absent", an_optional_input_may_be_absent),
           ("what no tensor can say is refused when it is loaded", what_no_tensor_can_say_is_refused_when_it_is_loaded)])
