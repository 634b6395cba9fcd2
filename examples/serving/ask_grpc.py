"""Asks a model over gRPC: for its inputs, for a prediction by raw tensors, and for two on a stream.

usage: ask_grpc.py HOST:PORT MODEL VALUE…

Needs python3-grpcio and python3-protobuf, and inference_pb2.py beside it, which
`protoc --python_out=. inference.proto` makes.
"""
import struct
import sys

sys.path.insert(0, ".")
import grpc  # noqa: E402
import inference_pb2 as pb  # noqa: E402

SERVICE = "/inference.GRPCInferenceService/"


def main():
    address, model = sys.argv[1:3]
    row = [float(value) for value in sys.argv[3:]]
    channel = grpc.insecure_channel(address)

    def call(method, request, answer):
        return channel.unary_unary(SERVICE + method, type(request).SerializeToString, answer.FromString)(request)

    metadata = call("ModelMetadata", pb.ModelMetadataRequest(name=model), pb.ModelMetadataResponse)
    for one in metadata.inputs:
        print("input", one.name, one.datatype, list(one.shape))

    request = pb.ModelInferRequest(model_name=model)
    request.inputs.add(name=metadata.inputs[0].name, datatype="FP32", shape=[1, len(row)])
    request.raw_input_contents.append(struct.pack(f"<{len(row)}f", *row))
    answer = call("ModelInfer", request, pb.ModelInferResponse)
    for one, raw in zip(answer.outputs, answer.raw_output_contents):
        if one.datatype == "FP32":
            print(one.name, ["%.4f" % value for value in struct.unpack(f"<{len(raw) // 4}f", raw)])

    stream = channel.stream_stream(SERVICE + "ModelStreamInfer", pb.ModelInferRequest.SerializeToString,
                                   pb.ModelStreamInferResponse.FromString)
    for number, one in enumerate(stream(iter([request, pb.ModelInferRequest(model_name="nobody")]))):
        print("stream", number, one.error_message or "answered")


main()
