#!/usr/bin/env python3
"""Reports, comments, proposed changes and held versions in a real browser.

usage: browse_quality.py BINARY
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 240  # 15 on two idle cores


def reports():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data") as server:
        return browse(server, "quality.e2e.mjs", SECONDS_MAX)


run_tests([("reports and held versions in a browser", reports)])
