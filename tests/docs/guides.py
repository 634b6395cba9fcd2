#!/usr/bin/env python3
"""Types what guides tell their readers to type, against the real binary.

usage: guides.py BINARY GUIDE.md …

The fenced blocks marked `sh` of a guide are run one after another in one shell, which stops at the first
command that fails, in an empty folder that holds links to what is in the repository's. The server's address
is in MILLWRIGHT_URI and MLFLOW_TRACKING_URI, its data folder in MILLWRIGHT_SERVER_DATA, and `millwright` is
in the path. A block marked `output` right behind one holds what it prints; in it "…" stands for any text
within a line. A guide whose server needs options begins with a comment that names them:
<!-- server: --option value -->. One that has <!-- kafka --> finds brokers at KAFKA_BROKERS.
"""
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import python_models  # noqa: E402
from harness.kafka import Brokers  # noqa: E402
from harness.millwright import Failure, ROOT, Server, run_tests  # noqa: E402

SERVER_OPTIONS = re.compile(r"^<!-- server: (.*) -->$", re.M)
FENCE = re.compile(r"^```(\w*)$")
SECONDS_MAX = 300


def blocks(text):
    """Yields (line, kind, text) of the fenced blocks."""
    kind, lines, start = None, [], 0
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if kind is None and match:
            kind, lines, start = match[1], [], number
        elif kind is not None and line == "```":
            yield start, kind, "\n".join(lines)
            kind = None
        elif kind is not None:
            lines.append(line)
    if kind is not None:
        raise Failure(f"line {start}: a block without an end")


def steps(text):
    """Yields (line, commands, expected output or None)."""
    waiting = None
    for line, kind, body in blocks(text):
        if waiting and kind == "output":
            yield *waiting, body
            waiting = None
            continue
        if waiting:
            yield *waiting, None
        waiting = (line, body) if kind == "sh" else None
    if waiting:
        yield *waiting, None


def matches(expected, actual):
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, actual) is not None


def run_guide(path, binary):
    with tempfile.TemporaryDirectory(prefix="millwright-guide-") as scratch:
        scratch = pathlib.Path(scratch)
        folder, bin_folder = scratch / "work", scratch / "bin"
        folder.mkdir()
        bin_folder.mkdir()
        (bin_folder / "millwright").symlink_to(binary)
        for entry in ROOT.iterdir():
            if not entry.name.startswith(".") and entry.name != "build":
                (folder / entry.name).symlink_to(entry)
        named = SERVER_OPTIONS.search(path.read_text())
        with contextlib.ExitStack() as stack, Server(binary, scratch / "data", *(named[1].split() if named else []),
                    environment=python_models.ENVIRONMENT) as server:
            # Each block ends with a line that no command prints, so that outputs can be told apart.
            end = "== end of block"
            script = "set -euo pipefail\n"
            wanted = list(steps(path.read_text()))
            for line, commands, _ in wanted:
                script += f"{commands}\necho '{end} {line}'\n"
            environment = {**os.environ, **python_models.ENVIRONMENT, "MILLWRIGHT_URI": server.uri, "MLFLOW_TRACKING_URI": server.uri,
                           "MILLWRIGHT_SERVER_DATA": str(server.data),
                           "PKG_CONFIG_PATH": str(binary.parent / "pkgconfig"),
                           "LD_LIBRARY_PATH": str(binary.parent),
                           "PATH": f"{bin_folder}:{os.environ['PATH']}"}
            if "<!-- kafka -->" in path.read_text():
                environment["KAFKA_BROKERS"] = stack.enter_context(Brokers(binary)).addresses
            done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, text=True,
                                  capture_output=True, timeout=SECONDS_MAX)
            rest = done.stdout
            for line, _, expected in wanted:
                actual, found, rest = rest.partition(f"{end} {line}\n")
                if not found:
                    raise Failure(f"{path.name}, line {line}: status {done.returncode}: "
                                  f"{done.stderr[-1000:]}")
                if expected is not None and not matches(expected, actual.rstrip("\n")):
                    raise Failure(f"{path.name}, line {line}: printed\n{actual}instead of\n{expected}")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    guides = [pathlib.Path(argument) for argument in sys.argv[2:]]
    run_tests([(path.name, lambda path=path: run_guide(path, binary)) for path in guides])


main()
