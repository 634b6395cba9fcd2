#!/usr/bin/env python3
"""The pages of alerts in a real browser, with a rule that fires and a receiver that is told.

usage: browse_alerts.py BINARY
"""
import http.server
import os
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.browser import browse  # noqa: E402
from harness.millwright import Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 240  # 20 on two idle cores


class Told(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def alerts_that_fire():
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Told)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, pathlib.Path(folder) / "data", "--alert-interval-ms", "100",
                   "--webhook-allowed-host", "127.0.0.1") as server:
        answer = server.post("/api/v1/alert-config", {
            "rules": [{"name": "server-is-up", "expr": "millwright_up_seconds", "above": 0, "severity": "critical",
                       "labels": {"team": "risk"}, "annotations": {"summary": "up for {{ $value | humanizeDuration }}"},
                       "runbook": "https://example.org/runbook"},
                      {"name": "waits", "expr": "millwright_up_seconds", "above": 0, "for": "1d"}],
            "receivers": [{"name": "ops", "webhook": {"url": f"http://127.0.0.1:{receiver.server_port}/"}}],
            "routes": {"receiver": "ops", "group_wait": "0s",
                       "routes": [{"match": ["severity=info"], "receiver": "ops", "repeat_interval": "1d"}]}})
        expect(answer.status == 200, answer.body)
        deadline = time.monotonic() + 60
        while not server.get("/api/v1/alert-receivers/ops/deliveries", state="delivered").json()["deliveries"]:
            expect(time.monotonic() < deadline, "nobody was told within 60 s")
            time.sleep(0.05)
        return browse(server, "alerts.e2e.mjs", SECONDS_MAX, SHOTS=os.environ.get("SHOTS", ""))


run_tests([("the pages of alerts in a browser", alerts_that_fire)])
