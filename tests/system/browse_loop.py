#!/usr/bin/env python3
"""The pages of loops in a real browser: one that holds, is paused, resumed and overridden.

usage: browse_loop.py BINARY
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import onnx_models  # noqa: E402
from harness.browser import browse  # noqa: E402
from harness.loop_scene import Scene  # noqa: E402
from harness.millwright import run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 240


def a_loop_that_holds():
    with Scene(BINARY) as scene:
        scene.add_version(onnx_models.good())
        scene.apply("2")
        scene.acted("trigger")
        scene.wait_for_hold("no_traffic")
        return browse(scene.server, "loops.e2e.mjs", SECONDS_MAX, SHOTS=os.environ.get("SHOTS", ""))


run_tests([("the pages of loops in a browser", a_loop_that_holds)])
