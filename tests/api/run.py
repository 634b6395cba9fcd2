#!/usr/bin/env python3
"""Runs tests/api/**/*.test against the real binary, once on SQLite and once on PostgreSQL.

usage: run.py BINARY [FILE.test …]

A file is a list of exchanges, separated by blank lines, that share one fresh server per database:

    # A comment says what is claimed.
    POST /api/2.0/mlflow/experiments/create
    Some-Header: value
    {"name": "demo"}
    200
    {"experiment_id": "<any:id>"}

The body and the expected body may span lines. In an expected body "<any>" stands for any value,
"<any:name>" also captures it for ${name} in what follows, and an object with the field "..." may
have more fields than those written. An expected body that is no JSON is compared as text, but
for a line end at its end; without one only the status counts. After `GET /path within 20 s` the request is sent again until
it is answered as written or the time is up, for work that goes on in the background.

A file may begin with lines that say how its server is started:

    #! server: --auth basic
    #! environment: MILLWRIGHT_ADMIN_PASSWORD=secret

or that its exchanges are sent once more to a fresh server by other paths:

    #! again: /api/2.0/ as /ajax-api/2.0/
"""
import json
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Postgres, Server, run_tests  # noqa: E402

REQUEST = re.compile(r"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+)(?: within (\d+) s)?$")
ASK_AGAIN_SECONDS = 0.05


def start_options(text):
    """Returns the server's options and environment that a file asks for."""
    options, environment = [], {}
    for line in text.splitlines():
        if match := re.match(r"^#! server: (.*)$", line):
            options += match[1].split()
        elif match := re.match(r"^#! environment: (\w+)=(.*)$", line):
            environment[match[1]] = match[2]
    return options, environment


def spellings(text):
    """Returns the text of a file and, where it asks for that, the same by other paths."""
    match = re.search(r"^#! again: (\S+) as (\S+)$", text, re.M)
    return [text] + ([text.replace(match[1], match[2])] if match else [])


def parse(text):
    """Yields (line, method, path, seconds, headers, body, status, expected) of a file's exchanges."""
    blocks, block, start = [], [], 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if block:
                blocks.append((start, block))
            block = []
            continue
        if not block:
            start = number
        block.append(line)
    if block:
        blocks.append((start, block))
    for start, lines in blocks:
        match = REQUEST.match(lines[0])
        if not match:
            raise Failure(f"line {start}: no request: {lines[0]}")
        at, headers = 1, {}
        while at < len(lines) and (header := re.match(r"^([A-Za-z-]+): (.*)$", lines[at])):
            headers[header[1]] = header[2]
            at += 1
        end = next(i for i in range(at, len(lines)) if re.match(r"^\d{3}$", lines[i]))
        yield (start, match[1], match[2], int(match[3] or 0), headers, "\n".join(lines[at:end]),
               int(lines[end]), "\n".join(lines[end + 1:]))


def compare(expected, actual, captured, path="$"):
    if isinstance(expected, str) and (match := re.fullmatch(r"<any(?::(\w+))?>", expected)):
        if match[1]:
            captured[match[1]] = actual if isinstance(actual, str) else json.dumps(actual)
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        more = "..." in expected
        missing = [k for k in expected if k != "..." and k not in actual]
        extra = [k for k in actual if k not in expected] if not more else []
        if missing or extra:
            raise Failure(f"{path}: missing {missing}, unexpected {extra} in {json.dumps(actual)[:300]}")
        for key, value in expected.items():
            if key != "...":
                compare(value, actual[key], captured, f"{path}.{key}")
    elif isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            raise Failure(f"{path}: {len(actual)} items instead of {len(expected)}: {json.dumps(actual)[:300]}")
        for i, (e, a) in enumerate(zip(expected, actual)):
            compare(e, a, captured, f"{path}[{i}]")
    elif expected != actual or type(expected) is not type(actual):
        raise Failure(f"{path}: {json.dumps(actual)[:300]} instead of {json.dumps(expected)}")


def check(answer, status, expected, captured):
    if answer.status != status:
        raise Failure(f"{answer.status} instead of {status}: {answer.body[:300]}")
    if not expected:
        return
    try:
        wanted = json.loads(expected)
    except json.JSONDecodeError:
        if expected != answer.body.decode().removesuffix("\n"):
            raise Failure(f"body {answer.body[:300]!r}") from None
        return
    compare(wanted, answer.json(), captured)


def run_file(text, server):
    captured = {}

    def fill(text):
        return re.sub(r"\$\{(\w+)\}", lambda m: captured[m[1]], text)

    for line, method, target, seconds, headers, body, status, expected in parse(text):
        deadline = time.monotonic() + seconds
        body = fill(body).encode()
        if body and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        headers = {name: fill(value) for name, value in headers.items()}
        while True:
            answer = server.request(method, fill(target), body or None, headers)
            try:
                check(answer, status, fill(expected), captured)
                break
            except Failure as difference:
                if time.monotonic() >= deadline:
                    raise Failure(f"line {line}: {method} {target}: {difference}") from None
            time.sleep(ASK_AGAIN_SECONDS)


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    here = pathlib.Path(__file__).resolve().parent
    files = [pathlib.Path(f) for f in sys.argv[2:]] or sorted(here.rglob("*.test"))
    with Postgres() as postgres, tempfile.TemporaryDirectory() as scratch:
        def one(path, database):
            for text in spellings(path.read_text()):
                data = pathlib.Path(tempfile.mkdtemp(dir=scratch))
                backend = postgres.new_database() if database == "postgres" else ""
                options, environment = start_options(text)
                with Server(binary, data, *options, backend=backend, environment=environment) as server:
                    run_file(text, server)
                    if server.stop() != 0:
                        raise Failure(f"the server ended with {server.process.returncode}")

        run_tests([(f"{path.relative_to(here) if path.is_relative_to(here) else path} on {database}",
                    lambda path=path, database=database: one(path, database))
                   for path in files for database in ("sqlite", "postgres")])


if __name__ == "__main__":
    main()
