"""Writes tiny ONNX models with the standard library alone: of one input `x` [N, 1] and one output `probability` [N, 1]."""
from harness.event_file import field, varint

FLOAT, INT64 = 1, 7


def integer(number, value):
    return varint(number << 3) + varint(value)


def node(operator, inputs, output, attributes=b""):
    return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator) + attributes)


def cast_to(data_type):
    return field(5, field(1, "to") + integer(3, data_type) + integer(20, 2))


def tensor(name, dims, data_type, raw):
    return field(5, b"".join(integer(1, dim) for dim in dims) + integer(2, data_type) + field(8, name) + field(9, raw))


def value_info(number, name):
    shape = field(1, field(2, "N")) + field(1, integer(1, 1))
    return field(number, field(1, name) + field(2, field(1, integer(1, FLOAT) + field(2, shape))))


def model(*parts):
    """`parts` are nodes and initializers that lead from `x` to `probability`."""
    graph = b"".join(parts) + field(2, "graph") + value_info(11, "x") + value_info(12, "probability")
    return integer(1, 8) + field(2, "millwright-tests") + field(7, graph) + field(8, field(1, "") + integer(2, 13))


def good():
    """Answers x."""
    return model(node("Identity", ["x"], "probability"))


def not_a_number():
    """Answers the square root of x: not a number below 0."""
    return model(node("Sqrt", ["x"], "probability"))


def higher(by):
    """Answers x + by."""
    import struct
    return model(tensor("by", [1], FLOAT, struct.pack("<f", by)), node("Add", ["x", "by"], "probability"))


def failing():
    """Answers x where it is 0 or 1 and fails elsewhere: there is nothing at that place of a table of two."""
    import struct
    return model(node("Cast", ["x"], "place", cast_to(INT64)), tensor("table", [2], FLOAT, struct.pack("<2f", 0, 1)),
                 node("Gather", ["table", "place"], "probability"))


def wrong():
    """Answers 1 - x: whatever is true, this says the opposite."""
    import struct
    return model(tensor("one", [1], FLOAT, struct.pack("<f", 1)), node("Sub", ["one", "x"], "probability"))
