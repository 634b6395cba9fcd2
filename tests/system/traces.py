#!/usr/bin/env python3
"""Traces and metrics of predictions: W3C trace context in and out over HTTP and gRPC, spans sent to a collector,
and the series that Triton's and KServe's users know.

usage: traces.py BINARY
"""
import http.server
import json
import pathlib
import queue
import re
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.grpc_client import GrpcClient, pb  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
RIDGE = f"ridge={MODELS / 'diabetes_ridge/model.onnx'}"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00"
BODY = {"inputs": [{"name": "X", "shape": [1, 10], "datatype": "FP32", "data": [0] * 10}]}
SECONDS_MAX = 30


class Collector:
    """What an OpenTelemetry collector is to us: takes what is posted to it and answers with `status`."""

    def __init__(self):
        self.status, self.spans = 200, queue.Queue()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                status = collector.status  # before the test can know that it was asked
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in body["resourceSpans"]:
                    names = [one["value"]["stringValue"] for one in resource["resource"]["attributes"]]
                    for scope in resource["scopeSpans"]:
                        for span in scope["spans"]:
                            collector.spans.put({**span, "path": self.path, "service": names[0]})
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def take(self):
        """The spans of one request, which comes after what is inside of it."""
        spans = [self.spans.get(timeout=SECONDS_MAX)]
        while not spans[-1]["name"].startswith("predict"):
            spans.append(self.spans.get(timeout=SECONDS_MAX))
        return spans


def ask(server, traceparent, path="/v2/models/ridge/infer", body=None, **headers):
    """Returns the answer's traceparent, or None."""
    answer = server.post(path, body or BODY, {"traceparent": traceparent, **headers})
    expect(answer.status == 200, f"{answer.status} {answer.body[:200]}")
    return answer.headers["traceparent"]


def expect_spans(spans, model, state=""):
    """A request and what is inside of it, all of one trace; returns the request's id."""
    by_name = {span["name"]: span for span in spans}
    request = by_name[f"predict {model}"]
    expect(request["path"] == "/v1/traces" and request["service"] == "millwright", f"{request}")
    expect({span["traceId"] for span in spans} == {TRACE} and request["parentSpanId"] == PARENT, f"{spans}")
    expect(request["kind"] == 2 and request["traceState"] == state, f"{request}")
    compute = by_name["compute"]
    expect(compute["parentSpanId"] == request["spanId"] and compute["kind"] == 1, f"{compute}")
    for span in spans:
        start, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        expect(int(request["startTimeUnixNano"]) <= start <= end <= int(request["endTimeUnixNano"]), f"{spans}")
        expect(re.fullmatch("[0-9a-f]{16}", span["spanId"]), f"{span}")
    return request["spanId"]


def a_trace_is_joined_over_http_and_grpc():
    with Collector() as collector, ModelServer(BINARY, RIDGE, "--grpc-port", "0", "--otlp-endpoint",
                                               collector.address) as server:
        for path, body in (("/v2/models/ridge/infer", BODY), ("/v1/models/ridge:predict", {"instances": [[0] * 10]}),
                           ("/invocations", {"inputs": [[0] * 10]})):
            ours = ask(server, SAMPLED, path, body, tracestate="vendor=1")
            span = expect_spans(collector.take(), "ridge", "vendor=1")
            expect(ours == f"00-{TRACE}-{span}-01", f"{path}: {ours}")
        request = pb.ModelInferRequest(model_name="ridge", raw_input_contents=[bytes(40)])
        request.inputs.add(name="X", datatype="FP32", shape=[1, 10])
        with GrpcClient(server.grpc_port) as client:
            call = client.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer",
                                              pb.ModelInferRequest.SerializeToString, pb.ModelInferResponse.FromString)
            _, made = call.with_call(request, metadata=[("traceparent", SAMPLED)], timeout=SECONDS_MAX)
            span = expect_spans(collector.take(), "ridge")
            expect(dict(made.initial_metadata())["traceparent"] == f"00-{TRACE}-{span}-01", "the answer's metadata")
        # Joined, and not kept: nobody asked for it.
        expect(re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-00", ask(server, UNSAMPLED)), "an unsampled trace")
        for wrong in ("", "00", SAMPLED + "-", SAMPLED.upper(), "ff" + SAMPLED[2:], f"00-{'0' * 32}-{PARENT}-01",
                      f"00-{TRACE}-{'0' * 16}-01"):
            expect(ask(server, wrong) is None, f"{wrong!r} was taken for a trace")
        refused = server.post("/v2/models/ridge/infer", {"inputs": []}, {"traceparent": SAMPLED})
        expect(refused.status == 400, f"{refused.status}")
        (span,) = collector.take()
        expect(span["status"]["code"] == 2 and "Input X" in span["status"]["message"], f"{span}")


def what_no_collector_takes_is_dropped_and_counted():
    with Collector() as collector, ModelServer(BINARY, RIDGE, "--otlp-endpoint", collector.address) as server:
        collector.status = 503
        ask(server, SAMPLED)
        refused = len(collector.take())
        collector.status = 200
        ask(server, SAMPLED)
        collector.take()
        ask(server, SAMPLED)
        collector.take()
        text = server.get("/metrics").body.decode()
        # The last post is counted when its answer has come, which the collector cannot see.
        dropped = re.search(r"^millwright_spans_dropped_total (\d+)$", text, re.M)
        expect(dropped and int(dropped[1]) == refused, f"{text[-500:]}")


def the_gateway_tells_of_its_replicas_times():
    with Collector() as collector, tempfile.TemporaryDirectory() as scratch:
        with Server(BINARY, pathlib.Path(scratch) / "data", "--otlp-endpoint", collector.address) as server:
            version = register(server, "ridge", "diabetes_ridge")
            answer = server.post("/api/v1/endpoints", {"name": "ridge", "model": "ridge", "version": version})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            answer = server.request("POST", "/v2/models/ridge/infer", BODY, {"traceparent": SAMPLED})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            spans = collector.take()
            expect_spans(spans, "ridge")
            compute = next(span for span in spans if span["name"] == "compute")
            expect(int(compute["endTimeUnixNano"]) > int(compute["startTimeUnixNano"]), "the replica's time is not known")
            text = server.get("/metrics").body.decode()
            expect(f'\nnv_inference_request_success{{model="ridge",version="{version}"}} 1\n' in text, "no series")


def the_prediction_log_finds_a_trace():
    """Each row has the trace that its request named; so have the lines that are logged on its way."""
    sql = f"SELECT id, trace_id FROM predictions WHERE trace_id = '{TRACE}' ORDER BY id"
    with tempfile.TemporaryDirectory() as scratch, Server(BINARY, pathlib.Path(scratch) / "data") as server:
        version = register(server, "ridge", "diabetes_ridge")
        answer = server.post("/api/v1/endpoints", {"name": "ridge", "model": "ridge", "version": version})
        expect(answer.status == 200, f"{answer.status} {answer.body}")
        for name, trace in (("one", SAMPLED), ("two", UNSAMPLED), ("three", ""),
                            ("four", SAMPLED.replace(TRACE, "f" * 32))):
            answer = server.request("POST", "/v2/models/ridge/infer", {"id": name, **BODY}, {"traceparent": trace})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
        rows, deadline = [], time.monotonic() + SECONDS_MAX
        while len(rows) < 2 and time.monotonic() < deadline:
            answer = server.post("/api/v1/endpoints/ridge/predictions/query", {"sql": sql})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            rows = answer.json()["rows"]
        expect(rows == [["one", TRACE], ["two", TRACE]], f"{rows}")
        asked = server.cli("predictions", "query", "ridge", sql).stdout
        expect(TRACE in asked and "one" in asked and "four" not in asked, asked)
        listed = server.get("/api/v1/endpoints/ridge/predictions").json()["predictions"]
        traces = {one["id"]: one["trace_id"] for one in listed}
        expect(traces["one"] == TRACE and traces.get("three") is None, f"{traces}")


def a_model_server_has_the_series_that_tritons_and_kserves_users_know():
    with ModelServer(BINARY, RIDGE) as server:
        for _ in range(3):
            expect(server.post("/v2/models/ridge/infer", BODY).status == 200, "no answer")
        expect(server.post("/v2/models/ridge/infer", {"inputs": []}).status == 400, "no refusal")
        answer = server.get("/metrics")
        expect(answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), f"{answer.headers}")
        text = answer.body.decode()
        for sample in ('nv_inference_request_success{model="ridge",version="1"} 3',
                       'nv_inference_request_failure{model="ridge",version="1"} 1',
                       'nv_inference_count{model="ridge",version="1"} 3',
                       'nv_inference_pending_request_count{model="ridge",version="1"} 0',
                       'nv_inference_compute_input_duration_us{model="ridge",version="1"} 0',
                       'nv_inference_compute_output_duration_us{model="ridge",version="1"} 0',
                       'request_predict_seconds_count{model_name="ridge"} 3',
                       'millwright_inference_queue_seconds_count{model="ridge",version="1"} 3'):
            expect(f"\n{sample}\n" in text, f"{sample} is not in\n{text}")
        expect("\n# TYPE nv_inference_pending_request_count gauge\n" in text, "what waits is no counter")
        names = [line.split("{")[0].split(" ")[0] for line in text.splitlines() if line and not line.startswith("#")]
        declared = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        bare = {re.sub("_(bucket|sum|count)$", "", name) for name in names}
        expect(all(name in declared or re.sub("_(bucket|sum|count)$", "", name) in declared for name in names),
               f"{bare - declared} have no type")


run_tests([("a trace is joined over HTTP and gRPC", a_trace_is_joined_over_http_and_grpc),
           ("what no collector takes is dropped and counted", what_no_collector_takes_is_dropped_and_counted),
           ("the gateway tells of its replicas' times", the_gateway_tells_of_its_replicas_times),
           ("the prediction log finds a trace", the_prediction_log_finds_a_trace),
           ("a model server has the series that users of Triton and KServe know",
            a_model_server_has_the_series_that_tritons_and_kserves_users_know)])
