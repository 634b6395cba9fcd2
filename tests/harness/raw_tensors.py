"""Tensors as the Open Inference Protocol writes them in bytes."""
import struct

FORMATS = {"BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q", "INT8": "b", "INT16": "h",
           "INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d"}


def pack(datatype, values):
    """`values` are flat; those of BYTES are bytes."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(text)) + text for text in values)
    return struct.pack(f"<{len(values)}{FORMATS[datatype]}", *values)


def unpack(datatype, data):
    if datatype != "BYTES":
        return list(struct.unpack(f"<{len(data) // struct.calcsize(FORMATS[datatype])}{FORMATS[datatype]}", data))
    texts = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        texts.append(data[4:4 + length])
        data = data[4 + length:]
    return texts
