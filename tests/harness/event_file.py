"""Writes TensorBoard event files with the standard library alone, for tests of the reader."""
import struct


def _table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = _table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value):
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, payload):
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def event(wall_time, step, payload):
    return record(struct.pack("<Bd", 1 << 3 | 1, wall_time) + varint(2 << 3) + varint(step) + payload)


def file_version(wall_time=1.0):
    return event(wall_time, 0, field(3, "brain.Event:2"))


def scalar(wall_time, step, tag, value):
    return event(wall_time, step, field(5, field(1, field(1, tag) + struct.pack("<Bf", 2 << 3 | 5, value))))


def histogram(wall_time, step, tag, counts):
    limits = struct.pack(f"<{len(counts)}d", *range(1, len(counts) + 1))
    body = (struct.pack("<Bd", 1 << 3 | 1, 0.0) + struct.pack("<Bd", 2 << 3 | 1, float(len(counts))) +
            field(6, limits) + field(7, struct.pack(f"<{len(counts)}d", *counts)))
    return event(wall_time, step, field(5, field(1, field(1, tag) + field(5, body))))
