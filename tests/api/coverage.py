#!/usr/bin/env python3
"""Checks that every row of GET /api/routes is exercised by a request of a .test file.

usage: coverage.py BINARY
"""
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))
import run  # noqa: E402
from harness.millwright import Failure, Server, run_tests  # noqa: E402


# An endless answer, which a .test file cannot read to its end.
STREAMS = {"/api/v1/events/stream"}


def requests():
    """The (method, path) of all requests of all files; what is captured stands for one segment."""
    for path in sorted(HERE.rglob("*.test")):
        for text in run.spellings(path.read_text()):
            for _, method, target, *_ in run.parse(text):
                yield method, re.sub(r"\$\{\w+\}", "x", target).split("?")[0]


def matcher(pattern):
    parts = re.split(r"(\{\w+(?:\.\.\.)?\})", pattern)
    return re.compile("".join(
        re.escape(part) if not part.startswith("{") else ".*" if part.endswith("...}") else "[^/]+" for part in parts))


def check(binary):
    with tempfile.TemporaryDirectory() as data, Server(binary, pathlib.Path(data) / "data") as server:
        rows = server.get("/api/routes").json()["routes"]
    sent = set(requests())
    missing = [f"{row['protocol']}: {row['method']} {row['pattern']}" for row in rows
               if row["pattern"] not in STREAMS and not any(method == row["method"] and matcher(row["pattern"]).fullmatch(path) for method, path in sent)]
    if missing:
        raise Failure("no .test file sends\n    " + "\n    ".join(missing))


run_tests([("every route is exercised by a .test file", lambda: check(pathlib.Path(sys.argv[1]).resolve()))])
