#!/usr/bin/env python3
"""Opens data of every released version with the present program. usage: released.py BINARY

tests/data/released/VERSION.tar.xz was written by the program of that version (scripts/write-released-data):
its data folder, a backup of it, and what its server answered about it. Each answer must be given again.
"""
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import ROOT, Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.models import first_case  # noqa: E402

BINARY = sys.argv[1]
RELEASED = sorted((ROOT / "tests/data/released").glob("*.tar.xz"))
BYTES_MAX = 300_000  # of an archive
SECONDS_MAX = 60
UNRELEASED = ("Until this version is released, its data is written again whenever a migration is changed in place: "
              "scripts/write-released-data build/release/millwright")


def difference(expected, found, place=""):
    """Says where `found` lacks something of `expected`; what it has beyond that does not count."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            if key not in found:
                return f"{place}/{key} is missing"
            if said := difference(value, found[key], f"{place}/{key}"):
                return said
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return f"{place} has {len(found)} entries instead of {len(expected)}"
        for i, value in enumerate(expected):
            if said := difference(value, found[i], f"{place}[{i}]"):
                return said
    elif expected != found:
        return f"{place} is {json.dumps(found)[:300]} instead of {json.dumps(expected)[:300]}"
    return ""


def check_facts(server, facts):
    for fact in facts:
        answer = server.request(fact["method"], fact["path"], fact["body"])
        said = answer.json() if not isinstance(fact["answer"], str) else answer.body.decode()
        wrong = f"status {answer.status}" if answer.status != 200 else difference(fact["answer"], said)
        expect(not wrong, f"{fact['method']} {fact['path']} {fact['body'] or ''}: {wrong}")


def check_writes(server):
    run_id = server.mlflow("runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    server.mlflow("runs/log-metric", {"run_id": run_id, "key": "m", "value": 1, "timestamp": 1})
    server.mlflow("runs/delete", {"run_id": run_id})


def serves_again(server):
    """The endpoint's replica is started from the files' new place."""
    server.wait_for(lambda: server.get("/v2/models/cancer/ready").status == 200, "the replica")
    answer = server.post("/v2/models/cancer/infer", first_case()[0])
    expect(answer.status == 200, f"infer: {answer.status} {answer.body[:300]}")


def opens_folder(folder, facts):
    try:
        with Server(BINARY, folder) as server:
            check_facts(server, facts)
            check_writes(server)
    except Failure as failure:
        if "has changed since it was applied" in str(failure):
            raise Failure(UNRELEASED) from failure
        raise


def opens(archive, postgres):
    expect(archive.stat().st_size <= BYTES_MAX, f"{archive.name} has {archive.stat().st_size} bytes")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        facts = json.loads((folder / "facts.json").read_text())["facts"]
        expect(facts, "no facts")
        opens_folder(folder / "data", facts)
        for target, backend in (("sqlite", ""), ("postgres", postgres.new_database())):
            words = ["--backend-store-uri", backend] if backend else []
            done = subprocess.run([BINARY, "restore", folder / "backup", "--data", folder / target, *words],
                                  capture_output=True, text=True)
            expect(done.returncode == 0, f"{done.stderr}\n{UNRELEASED}")
            with Server(BINARY, folder / target, backend=backend) as server:
                check_facts(server, facts)
                check_writes(server)
                serves_again(server)


with Postgres() as cluster:
    run_tests([(f"opens data of {path.name.removesuffix('.tar.xz')}", lambda path=path: opens(path, cluster))
               for path in RELEASED])
