#!/usr/bin/env python3
"""Receives webhooks: prints its own address, then a line for each message, and whether it was signed with the secret.

usage: receiver.py [--secret-file FILE] [--port PORT]
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import time

AGE_SECONDS_MAX = 300


def is_signed(secret, headers, body):
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    if abs(time.time() - int(timestamp)) > AGE_SECONDS_MAX:
        return False  # an old message that somebody sends again
    signed = f"{identity}.{timestamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(wanted, headers.get("webhook-signature", ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secret-file", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    secret = options.secret_file.read_bytes().strip() if options.secret_file else None

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            good = secret is None or is_signed(secret, self.headers, body)
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            event = json.loads(body)
            word = "not checked" if secret is None else "signed" if good else "NOT SIGNED"
            # A message about alerts has a headline, one about an event its kind.
            what = event.get("headline") or f"{event['kind']} of {event['subject']}"
            print(f"{word}: {what}", flush=True)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_port}/hook", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
