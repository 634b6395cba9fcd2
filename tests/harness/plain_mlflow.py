"""A Millwright that looks like a plain MLflow server: a proxy that lets only MLflow's routes through, and says no
more of runs in a search than MLflow does."""
import http.client
import http.server
import json
import threading


def as_mlflow_searches(body):
    answer = json.loads(body)
    for run in answer.get("runs", []):
        run.get("inputs", {}).pop("model_inputs", None)
        run.pop("outputs", None)
    return json.dumps(answer).encode()


class PlainMlflow:
    """Stands before a server; `requests` holds the (method, path) of all that came; `refuse(path, body)` may answer
    with an error's body instead."""

    def __init__(self, server, refuse=None):
        self.requests, self.refuse = [], refuse
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.command, self.path.split("?")[0]))
                if self.path.startswith("/api/v1/"):
                    return self.answer(404, {}, b"not found")
                if outer.refuse and (said := outer.refuse(self.path, body)):
                    return self.answer(400, {"Content-Type": "application/json"}, said)
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                said = response.read()
                if self.path.endswith("/runs/search") and response.status == 200:
                    said = as_mlflow_searches(said)
                self.answer(response.status, {"Content-Type": response.headers.get("Content-Type", "")}, said)
                connection.close()

            def answer(self, status, headers, body):
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # clients may be killed

        self.httpd = Quiet(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.httpd.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.httpd.shutdown()
        self.httpd.server_close()
