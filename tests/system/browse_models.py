#!/usr/bin/env python3
"""The life of a model in a real browser: registered, promoted past a gate, rolled back, compared; its
files and those of logged models looked at, graphs of ONNX files among them.

usage: browse_models.py BINARY
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 240  # 30 on two idle cores


def main():
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, pathlib.Path(folder) / "data") as server:
        run_tests([("the life of a model in a browser",
                    lambda: browse(server, "models.e2e.mjs", SECONDS_MAX))])


main()
