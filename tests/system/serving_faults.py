#!/usr/bin/env python3
"""What models and clients do wrong at an endpoint costs nobody else an answer: models that do not end or ask for all
memory, clients that go away or close one half, requests that are two in one.

usage: serving_faults.py BINARY
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import struct
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.grpc_client import GrpcClient, grpc, pb, refusal  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, create_version, first_case, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 60
FOR_EVER = 2 ** 62
TOO_MUCH = 2 ** 42  # numbers of 4 bytes


@contextlib.contextmanager
def served(*models):
    """A server with an endpoint for each model, and one for a neighbour."""
    with tempfile.TemporaryDirectory() as scratch:
        port_file = pathlib.Path(scratch) / "grpc.port"
        with Server(BINARY, pathlib.Path(scratch) / "data", "--grpc-port", "0", "--grpc-port-file",
                    str(port_file)) as server:
            versions = {"cancer": register(server, "cancer")}
            for name in models:
                answer = create_version(server, name, MODELS / f"containers/{name}.onnx")
                expect(answer.status == 200, f"{answer.status} {answer.body}")
                versions[name] = answer.json()["model_version"]["version"]
            for name, version in versions.items():
                answer = server.post("/api/v1/endpoints", {"name": name, "model": name, "version": version})
                expect(answer.status == 200, f"{answer.status} {answer.body}")
            server.grpc_port = port_file.read_text()
            yield server


def ask(server, model, count, **headers):
    body = {"inputs": [{"name": "count", "datatype": "INT64", "shape": [1], "data": [count]}]}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers["Content-Type"] = "application/json"
    return server.request("POST", f"/v2/models/{model}/infer", json.dumps(body).encode(), headers)


def expect_neighbour(server):
    answer = server.post("/v2/models/cancer/infer", first_case()[0])
    expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")


def replica_pids(server, name):
    return [replica["pid"] for revision in server.get(f"/api/v1/endpoints/{name}").json()["revisions"]
            for replica in revision["replicas"] if "pid" in replica]


def a_model_that_does_not_end_holds_up_nobody():
    """Whoever asks with a time has its answer then; the others are answered meanwhile by the same replica."""
    with served("endless") as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        pids = replica_pids(server, "endless")
        begin = time.monotonic()
        hung = [pool.submit(ask, server, "endless", FOR_EVER, X_Request_Timeout_Ms="1500") for _ in range(2)]
        for count in range(20):
            answer = ask(server, "endless", count)
            expect(answer.status == 200 and answer.json()["outputs"][0]["data"] == [count], f"{answer.body}")
            expect_neighbour(server)
        for answer in (future.result() for future in hung):
            expect((answer.status, answer.json()) == (504, {"error": "The request was not answered within its time"}),
                   f"{answer.status} {answer.body}")
        expect(time.monotonic() - begin < SECONDS_MAX / 2, "the request's time was not kept")
        request = pb.ModelInferRequest(model_name="endless", raw_input_contents=[struct.pack("<q", FOR_EVER)])
        request.inputs.add(name="count", datatype="INT64", shape=[1])
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer",
                                   request_serializer=pb.ModelInferRequest.SerializeToString,
                                   response_deserializer=pb.ModelInferResponse.FromString)
        code, _ = refusal(lambda: call(request, timeout=1))
        expect(code == "DEADLINE_EXCEEDED", f"{code}")
        channel.close()
        expect(ask(server, "endless", 7).status == 200 and replica_pids(server, "endless") == pids, "the replica went")


def a_model_server_stops_what_does_not_end():
    """More of it than there are threads: each ends with its request's time or its model's, and the rest at the end."""
    models = (f"endless={MODELS / 'containers/endless.onnx'}", f"fashion={MODELS / 'fashion_cnn/model.onnx'}")
    with ModelServer(BINARY, *models, "--threads", "2", "--batching", "off", "--run-timeout-ms", "1000") as server, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        by_model, by_request = ((504, {"error": f"The model was stopped, for it took longer than {ms} ms ({set_by})"})
                                for ms, set_by in (("1000", "--run-timeout-ms"),
                                                   ("N", "X-Request-Timeout-Ms or a gRPC deadline")))
        for stopped, headers in ((by_model, {}), (by_request, {"X_Request_Timeout_Ms": "300"})):
            hung = [pool.submit(ask, server, "endless", FOR_EVER, **headers) for _ in range(4)]
            answers = [(answer.status, answer.json()) for answer in (future.result() for future in hung)]
            if headers:  # it is of what is left of the request's time when it comes to the model
                times = [int(ms) for _, answer in answers for ms in re.findall(r"longer than (\d+) ms", answer["error"])]
                expect(times and all(1 <= ms <= 300 for ms in times), f"{answers}")
                answers = [(status, {"error": re.sub(r"longer than \d+ ms", "longer than N ms", answer["error"])})
                           for status, answer in answers]
            expect(stopped in answers and all(status in (503, 504) for status, _ in answers), f"{answers}")
            expect(headers or answers == [stopped] * 4, f"{answers}")
        vectors = json.loads((MODELS / "fashion_cnn/vectors.json").read_text())
        answer = server.post("/v2/models/fashion/infer", vectors["cases"][0]["request"])
        expect(answer.status == 200, f"the neighbour: {answer.status} {answer.body[:300]}")
        expect(ask(server, "endless", 7).json()["outputs"][0]["data"] == [7], "no answer after all that")


def cpu_ticks(pid):
    """Hundredths of a second of processor time."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def a_model_server_that_ends_stops_what_does_not():
    with ModelServer(BINARY, f"endless={MODELS / 'containers/endless.onnx'}", "--threads", "2") as server, \
            concurrent.futures.ThreadPoolExecutor(4) as pool:
        before = cpu_ticks(server.process.pid)
        hung = [pool.submit(ask, server, "endless", FOR_EVER) for _ in range(4)]
        while cpu_ticks(server.process.pid) < before + 50:  # it runs
            time.sleep(0.01)
        server.stop()
        expect(server.process.returncode == 0, f"the end was no clean one: {server.process.returncode}")
        for future in hung:
            with contextlib.suppress(OSError, http.client.HTTPException):
                expect(future.result().status in (503, 504), f"{future.result()}")


def session_ticks(pid):
    """Of the processes in which a server answers SQL from outside."""
    ticks = 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if f"\nPPid:\t{pid}\n" in status.read_text() and b"sql-session" in (status.parent / "cmdline").read_bytes():
                ticks += cpu_ticks(status.parent.name)
    return ticks


def a_server_ends_although_a_query_does_not():
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(1) as pool:
        with Server(BINARY, pathlib.Path(scratch) / "data", "--drain-ms", "100") as server:
            row = {"inputs": {"x": 1}, "outputs": {"y": 1}, "time_ms": 1}
            answer = server.request("PUT", "/api/v1/prediction-logs/shop?filename=a.jsonl", json.dumps(row).encode(),
                                    {"Content-Type": "application/jsonl"})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            sql = "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3"
            asked = pool.submit(server.post, "/api/v1/endpoints/shop/predictions/query", {"sql": sql})
            while session_ticks(server.process.pid) < 100:  # it runs, in a process of its own
                expect(not asked.done(), f"{asked.done() and asked.result()}")
                time.sleep(0.01)
            server.stop()  # fails after 30 s; the query has 60
            with contextlib.suppress(OSError, http.client.HTTPException):
                expect(asked.result().status == 503, f"{asked.result().status} {asked.result().body}")


def a_model_that_asks_for_all_memory_gets_none():
    with served("allocates") as server:
        pids = replica_pids(server, "allocates")
        answer = ask(server, "allocates", TOO_MUCH)
        expect(answer.status == 500 and "smaller than requested" in answer.json()["error"],
               f"{answer.status} {answer.body}")
        answer = server.post("/v1/models/allocates:predict", {"inputs": [TOO_MUCH]})
        expect(answer.status == 500 and set(answer.json()) == {"error"}, f"{answer.status} {answer.body}")
        answer = server.post("/endpoints/allocates/invocations", {"inputs": [TOO_MUCH]})
        expect(answer.status == 500 and set(answer.json()) == {"error_code", "message"}, f"{answer.status} {answer.body}")
        request = pb.ModelInferRequest(model_name="allocates", raw_input_contents=[struct.pack("<q", TOO_MUCH)])
        request.inputs.add(name="count", datatype="INT64", shape=[1])
        with GrpcClient(server.grpc_port) as client:
            code, _ = refusal(lambda: client.infer(request))
            expect(code == "INTERNAL", f"{code}")
        for count in (-1, 2 ** 63 - 1):
            expect(ask(server, "allocates", count).status == 500, f"{count}")
        expect(ask(server, "allocates", 3).json()["outputs"][0]["data"] == [0, 0, 0], "no answer after all that")
        expect(replica_pids(server, "allocates") == pids, "the replica went")
        expect_neighbour(server)


def request_bytes(server, framing=None):
    body = json.dumps(first_case()[0]).encode()
    framing = framing or f"Content-Length: {len(body)}\r\n"
    head = f"POST /v2/models/cancer/infer HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{framing}\r\n"
    return head.encode() + body


def connected(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS_MAX)


def read_all(client):
    taken = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(65536):
            taken += piece
    return taken


def clients_that_go_away_cost_nothing():
    with served() as server:
        whole = request_bytes(server)
        # A client that will say no more is answered all the same.
        with connected(server) as client:
            client.sendall(whole + whole)
            client.shutdown(socket.SHUT_WR)
            answers = read_all(client)
        expect(answers.count(b"HTTP/1.1 200 OK") == 2, f"{answers[:300]}")
        # One that closes its reading half, in the middle of a request, or resets the connection.
        for end in (0, 10, len(whole) - 5, len(whole)):
            for _ in range(20):
                with connected(server) as client:
                    client.sendall(whole[:end])
                    if end % 2:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    else:
                        client.shutdown(socket.SHUT_RD)
        for _ in range(20):
            expect_neighbour(server)


def two_requests_in_one_are_refused():
    """What a proxy in front could read in another way than we do is not answered, nor what is behind it."""
    with served() as server:
        hidden = b"GET /api/v1/endpoints HTTP/1.1\r\nHost: h\r\n\r\n"
        for framing in ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 5\r\n",
                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                        "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: xchunked\r\n",
                        "Transfer-Encoding:\r\n chunked\r\n", "Content-Length: +5\r\n", "Content-Length: 0x5\r\n"):
            with connected(server) as client:
                client.sendall(request_bytes(server, framing) + hidden)
                client.shutdown(socket.SHUT_WR)
                answer = read_all(client)
            status = answer.split(b" ")[1]
            expect(status in (b"400", b"501") and answer.count(b"HTTP/1.1 ") == 1, f"{framing!r}: {answer[:300]}")
            expect_neighbour(server)


def many_wait_for_a_replica_that_is_gone():
    """Held requests take no thread: far more than there are for predictions are answered when it is back."""
    with served() as server, concurrent.futures.ThreadPoolExecutor(64) as pool:
        body, headers = json.dumps(first_case()[0]), {"Content-Type": "application/json"}
        # Each has its connection before, so that all come at once.
        clients = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS_MAX) for _ in range(64)]
        for client in clients:
            client.connect()

        def held(client):
            client.request("POST", "/v2/models/cancer/infer", body, headers)
            return client.getresponse().status
        for _ in range(5):
            answers = [pool.submit(held, client) for client in clients]
            for pid in replica_pids(server, "cancer"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            expect({answer.result() for answer in answers} == {200}, "a request was lost")
            for client in clients:
                client.close()
                client.connect()


run_tests([("a model that does not end holds up nobody", a_model_that_does_not_end_holds_up_nobody),
           ("a model server stops what does not end", a_model_server_stops_what_does_not_end),
           ("a model server that ends stops what does not", a_model_server_that_ends_stops_what_does_not),
           ("a server ends although a query does not", a_server_ends_although_a_query_does_not),
           ("a model that asks for all memory gets none", a_model_that_asks_for_all_memory_gets_none),
           ("clients that go away cost nothing", clients_that_go_away_cost_nothing),
           ("two requests in one are refused", two_requests_in_one_are_refused),
           ("many wait for a replica that is gone", many_wait_for_a_replica_that_is_gone)])
