"""Starts the real binary and real databases for tests, and talks to them. Standard library only."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import typing
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 60


class Failure(AssertionError):
    """A claim that does not hold; its text says what was seen."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body or b"{}")


class Server:
    """`millwright server` on a free port, or on `port`. `data` outlives it, so that it can be started again."""

    def __init__(self, binary, data, *options, backend="", environment=None, port=0):
        self.binary, self.data, self.options = str(binary), pathlib.Path(data), options
        self.backend, self.environment = backend, environment or {}
        self.process, self.port, self.wanted_port = None, 0, port

    def start(self):
        self.data.mkdir(parents=True, exist_ok=True)
        out = open(self.data / "stdout.log", "ab")
        err = open(self.data / "stderr.log", "ab")
        seen = (self.data / "stdout.log").stat().st_size
        command = [self.binary, "server", "--port", str(self.wanted_port), "--data", str(self.data), *self.options]
        if self.backend:
            command += ["--backend-store-uri", self.backend]
        self.process = subprocess.Popen(command, stdout=out, stderr=err,
                                        env={**os.environ, **self.environment})
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            text = (self.data / "stdout.log").read_bytes()[seen:].decode()
            if match := re.search(r"listening on http://[^:]+:(\d+)", text):
                self.port = int(match[1])
                if self.get("/health").status == 200:
                    return self
            if self.process.poll() is not None:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)
        raise Failure(f"the server did not start: {self.log()[-2000:]}")

    def log(self):
        return (self.data / "stderr.log").read_text(errors="replace")

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("GET", path)

    def post(self, path, body):
        return self.request("POST", path, body)

    def wait_for(self, claim, what, seconds=60):
        """Asks again whenever the server's event log grows, until `claim` holds; returns its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        deadline = time.monotonic() + seconds
        try:
            # The stream is open before the first question, so that no event falls between the two.
            connection.request("GET", "/api/v1/events/stream")
            stream = connection.getresponse()
            while not (answer := claim()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failure(f"{what} did not happen within {seconds} s")
                connection.sock.settimeout(left)
                with contextlib.suppress(TimeoutError):
                    while (line := stream.readline()).strip():
                        pass  # an event ends with an empty line
                    if not line:
                        raise Failure(f"the server ended before {what}: {self.log()[-2000:]}")
            return answer
        finally:
            connection.close()

    def wait_for_series(self, *parts, seconds=60):
        """Reads /metrics, which may be as old as it took to make, until it has all parts; returns it."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.get("/metrics").body.decode()
            missing = [part for part in parts if part not in text]
            if not missing:
                return text
            if time.monotonic() > deadline:
                raise Failure(f"/metrics has not {missing} within {seconds} s: {text[-4000:]}")

    def mlflow(self, route, body):
        answer = self.post("/api/2.0/mlflow/" + route, body)
        if answer.status != 200:
            raise Failure(f"{route}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def cli(self, *words, check=True, environment=None):
        done = subprocess.run([self.binary, *words], capture_output=True, text=True,
                              env={**os.environ, "MILLWRIGHT_URI": self.uri, **(environment or {})})
        if check and done.returncode != 0:
            raise Failure(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def kill(self):
        """kill -9, as a crash."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired as hung:
                self.kill()
                raise Failure("the server did not end on SIGTERM within 30 s") from hung
        return self.process.returncode if self.process else 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Postgres:
    """A throw-away cluster in a temporary folder, reached by a Unix socket only."""

    BIN = pathlib.Path("/usr/lib/postgresql/15/bin")

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millwright-pg-"))
        self.process = None
        self.databases = 0

    def __enter__(self):
        self.as_user = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run([*self.as_user, str(self.BIN / "initdb"), "-D", str(self.folder / "data"),
                        "-U", "millwright", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"],
                       check=True, capture_output=True, cwd=self.folder)
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(
            [*self.as_user, str(self.BIN / "postgres"), "-D", str(self.folder / "data"),
             "-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off"],
            stdout=subprocess.DEVNULL, stderr=open(self.folder / "log", "ab"), cwd=self.folder)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while subprocess.run([str(self.BIN / "pg_isready"), "-q", "-h", str(self.folder)]).returncode:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Failure("PostgreSQL did not start: " + (self.folder / "log").read_text())

    def stop(self):
        """At once, with its clients cut off; what was committed is there after start()."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def new_database(self):
        self.databases += 1
        name = f"test{self.databases}"
        subprocess.run([str(self.BIN / "createdb"), "-h", str(self.folder), "-U", "millwright", name],
                       check=True)
        return f"postgresql:///{name}?host={self.folder}&user=millwright"

    def __exit__(self, *_):
        if self.process:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def replace_by_another(program):
    """Puts a program that does nothing but fail at the path of one that runs, as an upgrade by `install` does."""
    other = program.with_suffix(".new")
    other.write_text("#!/bin/sh\necho another program was started >&2\nexit 3\n")
    other.chmod(0o755)
    other.replace(program)


class Counts(typing.NamedTuple):
    """What a test may return that runs another program which counts its own cases."""

    passed: int
    failed: int


def run_tests(tests):
    """Runs named functions, prints each result and the closing line, and exits."""
    passed = failed = 0
    for name, test in tests:
        start = time.monotonic()
        try:
            counts = test() or Counts(1, 0)
            passed += counts.passed
            failed += counts.failed
            word = "FAILED " if counts.failed else "ok     "
            print(f"{word} {name} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception as error:  # every failure is reported, the others still run
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


def expect(condition, message):
    if not condition:
        raise Failure(message)
