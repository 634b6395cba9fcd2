"""Calls inference.GRPCInferenceService as Debian's python3-grpcio does it. Import this before anything else of a
test: it starts the test again with Debian's interpreter where the running one has no grpc."""
import os
import pathlib
import subprocess
import sys
import tempfile

DEBIAN_PYTHON = "/usr/bin/python3"
try:
    import grpc
except ModuleNotFoundError:
    if os.path.realpath(sys.executable) == os.path.realpath(DEBIAN_PYTHON):
        raise
    os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])

API = pathlib.Path(__file__).resolve().parents[2] / "src/api"
SECONDS_MAX = 60


def messages(folder, name):
    """The classes of src/api/FOLDER/NAME.proto, made by protoc."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["protoc", f"--python_out={scratch}", f"-I{API / folder}", f"{name}.proto"], check=True)
        sys.path.insert(0, scratch)
        try:
            return __import__(f"{name}_pb2")
        finally:
            sys.path.remove(scratch)


pb = messages("kserve", "inference")
health_pb = messages("health", "health")


class GrpcClient:
    def __init__(self, port, token=""):
        # Each client has a connection of its own.
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.metadata = [("authorization", f"Bearer {token}")] if token else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def call(self, method, request, answer, service="inference.GRPCInferenceService", **options):
        call = self.channel.unary_unary(f"/{service}/{method}", request_serializer=type(request).SerializeToString,
                                        response_deserializer=answer.FromString)
        return call(request, metadata=self.metadata + options.pop("metadata", []), timeout=SECONDS_MAX, **options)

    def infer(self, request, **options):
        return self.call("ModelInfer", request, pb.ModelInferResponse, **options)

    def stream(self, requests):
        call = self.channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer",
                                          request_serializer=pb.ModelInferRequest.SerializeToString,
                                          response_deserializer=pb.ModelStreamInferResponse.FromString)
        return call(iter(requests), metadata=self.metadata, timeout=SECONDS_MAX)

    def watch(self, service=""):
        call = self.channel.unary_stream("/grpc.health.v1.Health/Watch",
                                         request_serializer=health_pb.HealthCheckRequest.SerializeToString,
                                         response_deserializer=health_pb.HealthCheckResponse.FromString)
        return call(health_pb.HealthCheckRequest(service=service), timeout=SECONDS_MAX)


def refusal(action):
    """The status code's name and the text of a call that is refused; None and "" where it is answered."""
    try:
        action()
    except grpc.RpcError as error:
        return error.code().name, error.details()
    return None, ""
