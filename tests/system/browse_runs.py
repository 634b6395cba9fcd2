#!/usr/bin/env python3
"""Experiments of 0, 1, 100 and 10,000 runs in a real browser; of 100,000 runs and 5,000 columns with
MILLWRIGHT_SOAK=1.

usage: browse_runs.py BINARY
"""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SOAK = os.environ.get("MILLWRIGHT_SOAK") == "1"
SIZES = {"RUNS": "100000", "COLUMNS": "5000"} if SOAK else {}
SECONDS_MAX = 3600 if SOAK else 240  # the short form takes under 60 on two idle cores


def main():
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, pathlib.Path(folder) / "data") as server:
        run_tests([("runs of every size in a browser",
                    lambda: browse(server, "runs.e2e.mjs", SECONDS_MAX, **SIZES))])


main()
