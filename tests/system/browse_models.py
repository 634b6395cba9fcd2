#!/usr/bin/env python3
"""The life of a model in a real browser: registered, promoted past a gate, rolled back, compared; its
files and those of logged models looked at, graphs of ONNX files among them; with artifacts in a folder and in S3.

usage: browse_models.py BINARY
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, run_tests  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
BLOCK = ("--scan-policy", "block")  # so that what does not load is refused
SECONDS_MAX = 240  # 30 on two idle cores


def in_a_folder():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data", *BLOCK) as server:
        return browse(server, "models.e2e.mjs", SECONDS_MAX)


def in_s3():
    with S3Server() as bucket, tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, pathlib.Path(folder) / "data", *BLOCK, "--artifacts-destination", "s3://bucket/root",
                   environment=bucket.environment) as server:
        return browse(server, "models.e2e.mjs", SECONDS_MAX)


run_tests([("the life of a model in a browser", in_a_folder), ("the same with artifacts in S3", in_s3)])
