#!/usr/bin/env python3
"""Checks that every #include of src/ keeps to src/LAYERS and that third-party headers stay in the
room that owns them. Prints file:line of each violation."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWNERS = {  # prefix of the header → the rooms that may include it
    "sqlite3.h": {"storage"}, "libpq-fe.h": {"storage"}, "duckdb.h": {"analytics"},
    "boost/": {"http"}, "boost/math/": {"statistics"}, "grpc/": {"grpc"}, "grpcpp/": {"api"},  # for the clients of its tests
    "curl/": {"fetch"}, "onnxruntime": {"inference"}, "xgboost/": {"inference"},
    "yaml-cpp/": {"base"}, "spdlog/": {"base"}, "openssl/": {"base"}, "sodium.h": {"security"},
    "CLI/": {"cli"}, "re2/": {"quality", "alerts"}, "xxhash.h": {"serving"}, "zstd.h": {"tracking"}, "nlohmann/": set(),
    "archive.h": {"scan"}, "png.h": {"images"}, "jpeglib.h": {"images"}, "librdkafka/": {"streaming"}, "archive_entry.h": {"scan"}, "zlib.h": {"scan"},
    "simdjson.h": {"base", "api"},  # api decodes its hot bodies on demand
}


def read_layers():
    layers = {}
    for line in (ROOT / "src/LAYERS").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        room, names = line.split(":")
        above = set(names.split())
        unknown = above - layers.keys()
        if unknown:
            sys.exit(f"src/LAYERS: {room} names {sorted(unknown)}, which is not above it")
        layers[room] = above | {room}
    return layers


def violations(path, layers):
    room = path.relative_to(ROOT / "src").parts[0]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.match(r'#include "([a-z_]+)/', line):
            # A test may ask for a database of its own, whatever its room may name.
            if path.name.endswith("_test.cc") and "storage/test_database.h" in line:
                continue
            if match[1] in layers and match[1] not in layers[room]:
                yield f"{path.relative_to(ROOT)}:{number}: {room} may not include {match[1]}"
        elif match := re.match(r"#include <([^>]+)>", line):
            # The longest prefix decides: a library may have a part that another room owns.
            prefix = max((p for p in OWNERS if match[1].startswith(p)), key=len, default=None)
            if prefix and room not in (rooms := OWNERS[prefix]):
                yield f"{path.relative_to(ROOT)}:{number}: <{match[1]}> belongs to {sorted(rooms)}"


def main():
    layers = read_layers()
    found = [v for path in sorted((ROOT / "src").rglob("*")) if path.suffix in (".h", ".cc")
             for v in violations(path, layers)]
    print("\n".join(found) or "layers kept")
    sys.exit(bool(found))


main()
