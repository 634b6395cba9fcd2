#!/usr/bin/env python3
"""Writes the models of this folder, byte by byte: what no converter makes in a few lines. Each shows one kind of
input or output that is no tensor.

usage: make.py
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
FLOAT, INT64, STRING, BOOL = 1, 7, 8, 9


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor_type(element, dims):
    """A TypeProto; a dimension that is a name is free."""
    shape = b"".join(field(1, field(2, dim) if isinstance(dim, str) else field(1, dim)) for dim in dims)
    return field(1, field(1, element) + field(2, shape))


def sequence_of(type_proto):
    return field(4, field(1, type_proto))


def map_of(key, type_proto):
    return field(5, field(1, key) + field(2, type_proto))


def optional_of(type_proto):
    return field(9, field(1, type_proto))


def value(name, type_proto):
    return field(1, name) + field(2, type_proto)


def node(op, inputs, outputs, attributes=b"", domain=""):
    return (b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs) +
            field(4, op) + attributes + (field(7, domain) if domain else b""))


def attribute(name, kind, number, payload):
    return field(5, field(1, name) + b"".join(field(number, one) for one in payload) + field(20, kind))


def graph(name, nodes, inputs, outputs, constants=()):
    return (b"".join(field(1, one) for one in nodes) + field(2, name) + b"".join(field(5, one) for one in constants) +
            b"".join(field(11, one) for one in inputs) + b"".join(field(12, one) for one in outputs))


def integers(name, values):
    """A TensorProto."""
    return (field(1, len(values)) + field(2, INT64) + field(8, name) +
            field(9, b"".join(struct.pack("<q", one) for one in values)))


def write(name, body):
    opsets = field(8, field(1, "") + field(2, 17)) + field(8, field(1, "ai.onnx.ml") + field(2, 3))
    (HERE / f"{name}.onnx").write_bytes(field(1, 8) + field(2, "millwright tests") + field(7, body) + opsets)


def main():
    table, rows = tensor_type(FLOAT, ["N", 4]), tensor_type(FLOAT, ["M", 4])
    split = node("SplitToSequence", ["X"], ["parts"], attribute("axis", 2, 3, [0]))
    # Each row is a tensor [1,4].
    write("sequence_out", graph("sequence_out", [split], [value("X", table)],
                                [value("parts", sequence_of(tensor_type(FLOAT, ["R", 4])))]))
    # The columns 0 and 1-3: two tensors that differ in their shapes.
    uneven = node("SplitToSequence", ["X", "widths"], ["parts"], attribute("axis", 2, 3, [1]))
    write("uneven_sequence_out", graph("uneven_sequence_out", [uneven], [value("X", table)],
                                       [value("parts", sequence_of(tensor_type(FLOAT, ["N", "C"])))],
                                       [integers("widths", [1, 3])]))
    # The tensors of a sequence, one below the other.
    concat = node("ConcatFromSequence", ["parts"], ["Y"], attribute("axis", 2, 3, [0]))
    write("sequence_in", graph("sequence_in", [concat], [value("parts", sequence_of(tensor_type(FLOAT, ["R", 4])))],
                               [value("Y", rows)]))
    # Y = X + bias where there is one, else X.
    present = node("OptionalHasElement", ["bias"], ["has_bias"])
    then = graph("then", [node("OptionalGetElement", ["bias"], ["b"]), node("Add", ["X", "b"], ["sum"])], [],
                 [value("sum", table)])
    otherwise = graph("else", [node("Identity", ["X"], ["same"])], [], [value("same", table)])
    choose = node("If", ["has_bias"], ["Y"],
                  attribute("then_branch", 5, 6, [then]) + attribute("else_branch", 5, 6, [otherwise]))
    write("optional_in", graph("optional_in", [present, choose],
                               [value("X", table), value("bias", optional_of(tensor_type(FLOAT, [4])))],
                               [value("Y", table)]))
    # Scores by label, of which the labels are numbers.
    zipped = node("ZipMap", ["X"], ["scores"], attribute("classlabels_int64s", 7, 8, [3, 5, 7, 11]), "ai.onnx.ml")
    write("maps_out", graph("maps_out", [zipped], [value("X", table)],
                            [value("scores", sequence_of(map_of(INT64, tensor_type(FLOAT, []))))]))
    # As many turns, or as many numbers, as a request says: what a model can do that nobody can foretell.
    count = value("count", tensor_type(INT64, [1]))
    turn = graph("turn", [node("Identity", ["going"], ["goes_on"]), node("Add", ["sum", "one"], ["more"])],
                 [value("turn_number", tensor_type(INT64, [])), value("going", tensor_type(BOOL, [])),
                  value("sum", tensor_type(INT64, [1]))],
                 [value("goes_on", tensor_type(BOOL, [])), value("more", tensor_type(INT64, [1]))])
    flatten = node("Squeeze", ["count"], ["turns"])
    loop = node("Loop", ["turns", "", "zero"], ["Y"], attribute("body", 5, 6, [turn]))
    write("endless", graph("endless", [flatten, loop], [count], [value("Y", tensor_type(INT64, [1]))],
                           [integers("zero", [0]), integers("one", [1])]))
    numbers = node("ConstantOfShape", ["count"], ["Y"])
    write("allocates", graph("allocates", [numbers], [count], [value("Y", tensor_type(FLOAT, ["N"]))]))
    # What takes a map is refused when it is loaded.
    vector = node("DictVectorizer", ["counts"], ["Y"],
                  attribute("string_vocabulary", 8, 9, [b"a", b"b"]), "ai.onnx.ml")
    write("map_in", graph("map_in", [vector], [value("counts", map_of(STRING, tensor_type(FLOAT, [])))],
                          [value("Y", tensor_type(FLOAT, [1, 2]))]))


main()
