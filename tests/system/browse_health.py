#!/usr/bin/env python3
"""The page of a model's health and the editor of monitors in a real browser, over six months of flights.

usage: browse_health.py BINARY
"""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import regression_scene  # noqa: E402
from harness.browser import browse  # noqa: E402
from harness.health_scene import push_six_months, watch  # noqa: E402
from harness.millwright import Server, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 800


def six_months_in_a_browser():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data") as server:
        push_six_months(server)
        watch(server, folder)
        return browse(server, "health.e2e.mjs", SECONDS_MAX, SHOTS=os.environ.get("SHOTS", ""),
                      PAGE_TIMEOUT_MS="60000")


def a_regression_in_a_browser():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data") as server:
        regression_scene.train(server, folder)
        regression_scene.serve(server, folder)
        for month in regression_scene.MONTHS:
            regression_scene.ask(server, folder, month)
            if month != "june":
                regression_scene.tell(server, folder, month)
        regression_scene.watch(server, folder)
        return browse(server, "regression.e2e.mjs", SECONDS_MAX, SHOTS=os.environ.get("SHOTS", ""),
                      PAGE_TIMEOUT_MS="60000")


run_tests([("the health of a model in a browser", six_months_in_a_browser),
           ("the health of a regression in a browser", a_regression_in_a_browser)])
