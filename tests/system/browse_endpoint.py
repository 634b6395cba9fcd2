#!/usr/bin/env python3
"""An endpoint's page in a real browser, with two versions behind it.

usage: browse_endpoint.py BINARY
"""
import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402
from harness.models import first_case, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 240  # 25 on two idle cores


def two_versions():
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, pathlib.Path(folder) / "data") as server:
        version = register(server, "cancer")
        second = register(server, "cancer")
        for route, body in [("", {"name": "cancer", "model": "cancer", "version": version}),
                            ("/cancer/canary", {"version": second, "weight": 20})]:
            answer = server.post("/api/v1/endpoints" + route, body)
            expect(answer.status == 200, f"{route}: {answer.status} {answer.body[:300]}")
        return browse(server, "endpoint.e2e.mjs", SECONDS_MAX, ENDPOINT="cancer",
                      QUESTION=json.dumps(first_case()[0]), SHOTS=os.environ.get("SHOTS", ""))


run_tests([("an endpoint's page in a browser", two_versions)])
