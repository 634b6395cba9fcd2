#!/usr/bin/env python3
"""Artifacts end to end, in a folder and in S3: ranges, tags, sums, cuts, pages, direct transfers, models, constant memory,
and the published ways out of MLflow's artifact root, by their identifiers.

usage: artifacts.py BINARY
MILLWRIGHT_SOAK=1 moves 5 GB each way instead of some hundred MB.
"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import models  # noqa: E402
from harness.millwright import Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROOT = "/api/2.0/mlflow-artifacts/artifacts/"
GIVEN_S3 = "MILLWRIGHT_TEST_S3" in os.environ
SOAK = os.environ.get("MILLWRIGHT_SOAK") == "1"
RSS_GROWTH_MB_MAX = 64
PIECE = hashlib.sha512(b"piece").digest() * 16384  # 1 MiB


class Place:
    """A server whose artifacts are in a folder of its own, or in an S3 server that goes with it."""

    def __init__(self, s3, backend=""):
        self.wants_s3, self.s3, self.backend = s3, None, backend

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="artifacts-")
        options, environment = (), {}
        if self.wants_s3:
            self.s3 = S3Server().__enter__()
            options, environment = ("--artifacts-destination", self.s3.root), self.s3.environment
        self.server = Server(BINARY, pathlib.Path(self.folder.name) / "data", *options, environment=environment, backend=self.backend)
        return self.server.__enter__()

    def __exit__(self, *_):
        self.server.__exit__()
        if self.s3:
            self.s3.__exit__()
        self.folder.cleanup()


def put(server, path, data, **headers):
    return server.request("PUT", ROOT + path, data, {k.replace("_", "-"): v for k, v in headers.items()})


def get(server, path, **headers):
    return server.request("GET", ROOT + path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def ask(server, url, **query):
    return server.get(url.rstrip("/") + "?" + urllib.parse.urlencode(query))


def same(got, wanted, what):
    expect(got == wanted, f"{what}: {wanted!r} expected, got {got!r}")


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def md5(data):
    return base64.b64encode(hashlib.md5(data).digest()).decode()


# ---- on either store -----------------------------------------------------------------------------------------------

def ranges(server):
    put(server, "r/ten", b"0123456789")
    tag = get(server, "r/ten").headers["ETag"]
    for asked, status, body in [("bytes=0-3", 206, b"0123"), ("bytes=5-", 206, b"56789"), ("bytes=-2", 206, b"89"),
                                ("bytes=-99", 206, b"0123456789"), ("bytes=9-99", 206, b"9"), ("bytes=0-0", 206, b"0"),
                                ("bytes=10-", 416, None), ("bytes=-0", 416, None), ("bytes=3-1", 200, b"0123456789"),
                                ("bytes=0-1,4-5", 200, b"0123456789"), ("lines=1-2", 200, b"0123456789"), ("bytes=x-", 200, b"0123456789")]:
        answer = get(server, "r/ten", Range=asked)
        same((answer.status, answer.body if body is not None else None), (status, body), asked)
    same(get(server, "r/ten", Range="bytes=0-3", If_Range=tag).status, 206, "If-Range with the tag")
    same(get(server, "r/ten", Range="bytes=0-3", If_Range='"old"').status, 200, "If-Range with another tag")
    same(get(server, "r/ten", Range="bytes=0-3", If_Range="W/" + tag).status, 200, "If-Range with a weak tag")
    put(server, "r/none", b"")
    same((get(server, "r/none").status, get(server, "r/none").body), (200, b""), "an empty file")
    same(get(server, "r/none", Range="bytes=0-").status, 416, "a range of an empty file")


def tags(server):
    stored = put(server, "t/a", b"one")
    first = get(server, "t/a")
    same(first.headers["ETag"], stored.headers["ETag"], "the tag at the upload and at the download")
    expect(first.headers["ETag"].startswith('"'), f"a strong tag: {first.headers['ETag']}")
    same(first.headers["Repr-Digest"], f"sha-256=:{sha256(b'one')}:", "Repr-Digest")
    tag = first.headers["ETag"]
    for asked in (tag, "W/" + tag, '"x", ' + tag, "*"):
        answer = get(server, "t/a", If_None_Match=asked)
        same((answer.status, answer.body), (304, b""), f"If-None-Match {asked}")
    same(get(server, "t/a", If_Match=tag).status, 200, "If-Match")
    same(get(server, "t/a", If_Match='"x"').status, 412, "If-Match with another tag")
    same(put(server, "t/a", b"1", If_None_Match="*").status, 412, "an upload over what is there")
    same(put(server, "t/a", b"1", If_Match='"x"').status, 412, "an upload over another tag")
    same(put(server, "t/none", b"1", If_Match="*").status, 412, "an upload over nothing")
    same(get(server, "t/a", If_Match=tag).status, 200, "nothing was written")
    same(put(server, "t/new", b"1", If_None_Match="*").status, 200, "an upload where nothing is")
    put(server, "t/a", b"two")
    answer = get(server, "t/a", If_None_Match=tag)
    same((answer.status, answer.body), (200, b"two"), "If-None-Match after a change")


def sums(server):
    body = b"the bytes that were meant"
    for headers in ({"Content_MD5": md5(body)}, {"Content_Digest": f"sha-256=:{sha256(body)}:"}, {"Digest": f"sha-256={sha256(body)}"},
                    {"x_amz_checksum_sha256": sha256(body)}, {"Repr_Digest": f"md5=:x:, sha-256=:{sha256(body)}:"}):
        name = "s/" + next(iter(headers))
        same(put(server, name, body, **headers).status, 200, f"{headers}")
        broken = put(server, name + "-other", body + b".", **headers)
        same((broken.status, get(server, name + "-other").status), (400, 404), f"another body with {headers}")
        same(put(server, name, body + b".", **headers).status, 400, f"another body over the first with {headers}")
        same(get(server, name).body, body, "what was there stays")
    same(put(server, "s/bad", body, Content_MD5="not base64!").status, 400, "a malformed sum")
    same(put(server, "s/bad", body, Content_MD5=sha256(body)).status, 400, "a sum of another length")
    same(get(server, "s/bad").status, 404, "nothing is kept")


def raw(server, head, body=b"", then_close=False):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode("latin-1") + body)
        if then_close:
            return b""
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def cuts(server):
    put(server, "c/kept", b"before")
    for name in ("c/new", "c/kept"):
        raw(server, f"PUT {ROOT}{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n", PIECE, then_close=True)
        answer = raw(server, f"PUT {ROOT}{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n", PIECE)
        expect(b" 200 " not in answer.split(b"\r\n")[0] + b" ", f"a truncated upload: {answer[:100]}")
    same(get(server, "c/new").status, 404, "a truncated upload")
    same(get(server, "c/kept").body, b"before", "what a truncated upload was to replace")


def continues(server):
    """A client that waits to be asked for its body sends it only where it is wanted."""
    def ask_first(path, length=4, **headers):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"PUT {ROOT}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{more}"
                               "Expect: 100-continue\r\n\r\n".encode())
            first = connection.recv(65536)
            if first.startswith(b"HTTP/1.1 100 "):
                connection.sendall(b"body")
            while piece := connection.recv(65536):
                first += piece
            return first
    said = ask_first("e/file")
    expect(said.startswith(b"HTTP/1.1 100 ") and b"HTTP/1.1 200 " in said, f"asked for and stored: {said[:200]}")
    same(get(server, "e/file").body, b"body", "what was sent after being asked for")
    for path, headers in (("../x", {}), ("e/file", {"Content-MD5": "no sum"}), (".deleted/x", {})):
        said = ask_first(path, 5 << 30, **headers)
        expect(said.startswith(b"HTTP/1.1 4"), f"refused before 5 GB are sent to {path}: {said[:100]}")
    same(get(server, "e/file").body, b"body", "what was there stays")


def pages(server):
    names = [f"f{i:02}" for i in range(7)]
    for name in names:
        put(server, "p/list/" + name, b"x")
    whole = ask(server, ROOT, path="p/list").json()["files"]
    same([f["path"] for f in whole], names, "the whole listing")
    seen, token = [], ""
    while True:
        page = ask(server, ROOT, path="p/list", max_results=3, **({"page_token": token} if token else {})).json()
        expect(len(page["files"]) <= 3, f"a page of three: {page}")
        seen += [f["path"] for f in page["files"]]
        token = page.get("next_page_token")
        if not token:
            break
    same(seen, names, "the pages together")
    same(ask(server, ROOT, path="p/list", max_results="many").status, 400, "max_results of letters")


def scripts(server):
    for name, data in (("x.html", b"<script>alert(1)</script>"), ("x.svg", b"<svg onload='alert(1)'/>"), ("x.xhtml", b"<html/>"),
                       ("MLmodel", b"<script>alert(1)</script>"), ("x.xml", b"<?xml version='1.0'?>"), ("x.js", b"alert(1)")):
        put(server, "h/" + name, data)
        heads = get(server, "h/" + name).headers
        same((heads["X-Content-Type-Options"], heads["Content-Disposition"][:10]), ("nosniff", "attachment"), name)
        expect("sandbox" in heads["Content-Security-Policy"], f"{name} is sandboxed")


def deletes_in_two_steps(server):
    put(server, "g/folder/a", b"one")
    put(server, "g/folder/b/c", b"two")
    same(server.request("DELETE", ROOT + "g/folder").status, 200, "a delete")
    same((get(server, "g/folder/a").status, ask(server, ROOT, path="g").json()), (404, {}), "what was deleted")
    same([f["path"] for f in ask(server, ROOT, path="").json()["files"] if f["path"].startswith(".")], [], "hidden folders")
    deleted = server.get("/api/v1/artifacts/deleted").json()["deleted"]
    said = server.cli("gc", "--dry-run").stdout
    expect(deleted[0]["id"] in said and "grace period" in said, said)
    server.cli("artifacts", "restore", deleted[0]["id"])
    same((get(server, "g/folder/a").body, get(server, "g/folder/b/c").body), (b"one", b"two"), "what was brought back")
    server.request("DELETE", ROOT + "g/folder")
    put(server, "g/folder/new", b"three")
    again = server.get("/api/v1/artifacts/deleted").json()["deleted"][-1]["id"]
    same(server.post(f"/api/v1/artifacts/deleted/{again}/restore", {}).status, 400, "a restore over something else")
    server.cli("gc", "--older-than", "0s")
    same(server.get("/api/v1/artifacts/deleted").json(), {"deleted": []}, "after the collection")
    same(get(server, "g/folder/new").body, b"three", "what came after the delete")
    expect(server.cli("gc", "--older-than", "soon", check=False).returncode != 0, "a period of letters")


def damage(file, at):
    """Changes a byte as a disk does that loses a bit: nobody has written."""
    status = file.stat()
    with file.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte[0] ^ 1]))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def damaged(server, file_of):
    """A file that is not what was stored never arrives looking complete."""
    large = PIECE * 5
    for path, body in (("b/large", large), ("b/small", b"small"), ("b/sound", large), ("b/gone", b"x")):
        put(server, path, body)
    same(server.cli("artifacts", "verify").returncode, 0, "verify before")
    damage(file_of("b/large"), 1000)
    damage(file_of("b/small"), 2)
    file_of("b/gone").unlink()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", ROOT + "b/large")
    answer = connection.getresponse()
    try:
        answer.read()
        raise Failure("a damaged file arrived looking complete")
    except http.client.IncompleteRead as cut:
        expect(len(cut.partial) < len(large), f"{len(cut.partial)} bytes came")
    small = get(server, "b/small")
    same((small.status, "not what was stored" in small.body.decode()), (500, True), f"a small one: {small.body}")
    same(get(server, "b/large", Range="bytes=0-9").body, PIECE[:10], "a range, which cannot be compared")
    same(hashlib.sha256(get(server, "b/sound").body).digest(), hashlib.sha256(large).digest(), "a sound one")
    events = [(e["kind"], e["subject"]) for e in server.get("/api/v1/events", limit=1000).json()["events"] if e["kind"] == "artifact.damaged"]
    same(sorted(events), [("artifact.damaged", "artifact:b/large"), ("artifact.damaged", "artifact:b/small")], "events")
    expect("millwright_artifact_damage_found_total 2" in server.get("/metrics").body.decode(), "the metric")
    expect("a file of the store is damaged" in server.log(), "the log")
    checked = server.cli("artifacts", "verify", "--json", check=False)
    same((checked.returncode, json.loads(checked.stdout)["faults"]),
         (1, [{"path": "b/gone", "fault": "missing"}, {"path": "b/large", "fault": "damaged"}, {"path": "b/small", "fault": "damaged"}]), "verify")
    rest = json.loads(server.cli("artifacts", "verify", "--json", "--after", "b/small", "--rate-mb", "100").stdout)
    same((rest["files"], rest["bytes"], rest["faults"]), (1, len(large), []), "verify behind a path")
    for path, body in (("b/large", large), ("b/small", b"small"), ("b/gone", b"x")):
        put(server, path, body)
    same(len(get(server, "b/large").body), len(large), "after it was stored again")
    same(server.cli("artifacts", "verify").returncode, 0, "verify after")


def damaged_in_a_folder():
    with Place(False) as server:
        damaged(server, lambda path: pathlib.Path(server.data) / "artifacts" / path)


def damaged_in_s3():
    place = Place(True)
    with place as server:
        damaged(server, place.s3.object_file)


def new_run(server):
    return server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]


def upload_by_cli(server, file, run):
    return subprocess.Popen([str(BINARY), "artifacts", "upload", str(file), "--run-id", run, "--path", "m", "--json"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "MILLWRIGHT_URI": server.uri})


def await_parts(server, parts, process):
    """Returns when so many parts are stored."""
    kept = pathlib.Path(server.data) / "artifacts/.parts"
    while sum(len(list(folder.iterdir())) for folder in kept.glob("*")) < parts:
        expect(process.poll() is None, "the upload was over before it was cut")


def resumes(backend):
    """An upload goes on where it was after kill -9 of the client, and by itself after kill -9 of the server."""
    place = Place(False, backend)
    with place as server:
        server.wanted_port = server.port
        file = pathlib.Path(place.folder.name) / "model.bin"
        with file.open("wb") as out:
            for i in range(200):
                out.write(i.to_bytes(8, "big") + PIECE[8:])
        size, wanted = file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest()
        run = new_run(server)
        process = upload_by_cli(server, file, run)
        await_parts(server, 3, process)
        process.kill()
        process.communicate()
        path = f"0/{run}/artifacts/m/model.bin"
        same(get(server, path).status, 404, "before it is complete")
        process = upload_by_cli(server, file, run)
        await_parts(server, 6, process)
        server.kill()
        server.start()
        out, err = process.communicate(timeout=120)
        same(process.returncode, 0, f"the upload: {err}")
        said = json.loads(out)
        expect(said["bytes"] == size and said["bytes_sent"] < size - (32 << 20), f"what was sent the second time: {said}")
        got = get(server, path)
        same((hashlib.sha256(got.body).hexdigest(), got.headers["Repr-Digest"]),
             (wanted, f"sha-256=:{base64.b64encode(bytes.fromhex(wanted)).decode()}:"), "the file and its sum")
        same(list((pathlib.Path(server.data) / "artifacts/.parts").glob("*")), [], "parts that are left")
        out, err = upload_by_cli(server, file, run).communicate(timeout=120)
        same(json.loads(out)["bytes_sent"], 0, f"what is sent of a file that is there: {err}")


def resumes_on_either_database():
    resumes("")
    with Postgres() as postgres:
        resumes(postgres.new_database())


def parts_in_a_folder(server):
    """The parts of MLflow's client, which sends them without any of its credentials."""
    base = "/api/2.0/mlflow-artifacts/"
    begun = server.post(base + "mpu/create/d/x", {"path": "model.bin", "num_parts": 2}).json()
    first = begun["credentials"][0]["url"].removeprefix(server.uri)
    same(server.request("PUT", first, b"one").headers["ETag"], f'"{hashlib.sha256(b"one").hexdigest()}"', "the tag of a part")
    for url in (first.replace("/1?", "/2?"), first.partition("?")[0], first[:-1] + ("0" if first[-1] != "0" else "1")):
        same(server.request("PUT", url, b"two").status, 403, f"an address that nobody signed: {url}")
    same(server.request("PUT", first.replace("/1?", "/x?"), b"two").status, 400, "a part without a number")
    complete = {"path": "model.bin", "upload_id": begun["upload_id"], "parts": [{"part_number": 1, "etag": '"other"'}]}
    same(server.post(base + "mpu/complete/d/x", complete).status // 100, 4, "a part with another tag")
    same(server.post(base + "mpu/complete/d/y", complete).status, 404, "an upload to another place")
    same(server.post(base + "mpu/abort/d/x", {"path": "model.bin", "upload_id": begun["upload_id"]}).status, 200, "abort")
    same(server.request("PUT", first, b"one").status, 404, "a part of what was given up")
    same(get(server, ".parts/x").status, 400, "the folder of parts")


def keeps_what_a_version_is_made_of():
    with Place(False) as server:
        models.register(server, "cancer")
        version = server.get("/api/2.0/mlflow/model-versions/get?name=cancer&version=1").json()["model_version"]
        path = version["source"].removeprefix("mlflow-artifacts:/").lstrip("/")
        server.request("DELETE", ROOT + path)
        rows = json.loads(server.cli("gc", "--older-than", "0s", "--json").stdout)["rows"]
        same([(row["action"], row["why"]) for row in rows], [("keep", "version 1 of cancer is made of it")], "gc")


def kill_in_mid_gc():
    """A server that is killed while it collects has lost nothing that was to stay, and the next gc ends what it began."""
    place = Place(False)
    with place as server:
        for i in range(300):
            put(server, f"k/{i}/file", b"x" * 100)
            put(server, f"stay/{i}", b"y")
            server.request("DELETE", ROOT + f"k/{i}")
        kept = pathlib.Path(server.data) / "artifacts/.deleted"
        same(len(os.listdir(kept)), 300, "what is kept of what was deleted")
        with contextlib.suppress(Exception):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request("POST", "/api/v1/gc", json.dumps({"grace_ms": 0}), {"Content-Type": "application/json"})
            while len(os.listdir(kept)) > 250:
                pass
            server.kill()
        left = len(os.listdir(kept))
        expect(0 < left < 300, f"killed in the middle: {left} of 300 are left")
        server.start()
        listed = len(server.get("/api/v1/artifacts/deleted", limit=1000).json()["deleted"])
        expect(listed >= left, f"{left} are kept, {listed} are listed")
        server.cli("gc", "--older-than", "0s")
        same((os.listdir(kept), server.get("/api/v1/artifacts/deleted").json()), ([], {"deleted": []}), "after the next gc")
        same(sum(get(server, f"stay/{i}").status == 200 for i in range(300)), 300, "what was never deleted")


def rss_kb(server, key):
    for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise AssertionError(key)


def constant_memory(server, megabytes):
    put(server, "big/warm", PIECE * 20)
    get(server, "big/warm")
    before = rss_kb(server, "VmRSS")
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # forgets the highest so far
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    digest = hashlib.sha256()

    def pieces():
        for i in range(megabytes):
            piece = i.to_bytes(8, "big") + PIECE[8:]
            digest.update(piece)
            yield piece
    started = time.monotonic()
    connection.request("PUT", ROOT + "big/file", pieces(), {"Content-Length": str(megabytes << 20)})
    same(connection.getresponse().read(), b"{}", "a large upload")
    up_s = time.monotonic() - started
    started = time.monotonic()
    connection.request("GET", ROOT + "big/file")
    answer, got = connection.getresponse(), hashlib.sha256()
    while piece := answer.read(1 << 20):
        got.update(piece)
    down_s = time.monotonic() - started
    same(got.hexdigest(), digest.hexdigest(), "the bytes of a large download")
    grown_mb = (rss_kb(server, "VmHWM") - before) / 1024
    print(f"     {megabytes} MiB up in {up_s:.1f} s, down in {down_s:.1f} s; the server's memory grew by {grown_mb:.1f} MiB at most")
    expect(grown_mb < RSS_GROWTH_MB_MAX, f"memory grew by {grown_mb:.1f} MiB")


def serves_a_model(server):
    version = models.register(server, "cancer")
    answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version, "replicas": 1})
    same(answer.status // 100, 2, f"an endpoint: {answer.body[:300]}")
    request, _ = models.first_case()
    ready = server.wait_for(lambda: server.post("/v2/models/cancer/infer", request).status == 200, "the endpoint answers")
    expect(ready, "the endpoint answers")


# ---- the published ways out ------------------------------------------------------------------------------------------

# identifier: (what is asked for, with what)
WAYS_OUT = {
    "CVE-2023-1177": ["../{s}", "a/../../{s}", "%2e%2e/{s}", "..%2f{s}"],
    "CVE-2023-2780": ["..%5c{s}", "a/..\\..\\{s}", "file:///{s}"],
    "CVE-2023-3765": ["/{s}", "//{s}", "C:/{s}", "C:%5c{s}"],
    "CVE-2023-6015": ["a/%2e%2e/%2e%2e/{s}", "%2e%2e%2f%2e%2e%2f{s}"],
    "CVE-2023-6753": ["..%5c..%5c{s}", "D:..%5c{s}"],
    "CVE-2023-6831": ["%252e%252e/{s}", "a/%252E%252E/%252E%252E/{s}", "%252e%252e%252f{s}"],
    "CVE-2024-1560": ["%25252e%25252e/{s}", "%2525252e%2525252e%2525252f{s}"],
    "CVE-2024-1593": ["a;../../{s}", "a/;/../../{s}", "..;/{s}", "a/..;/..;/{s}", "..%3b/{s}"],
    "NUL-in-path": ["a%00/../../{s}", "%00", "a/..%00/{s}"],
    "overlong-utf8": ["%c0%ae%c0%ae/{s}", "%e0%80%ae./{s}"],
}


def ways_out(identifier):
    def test():
        with Place(False) as server:
            secret = pathlib.Path(server.data).parent / "secret.txt"
            inner = pathlib.Path(server.data) / "secret.txt"
            for file in (secret, inner):
                file.write_text("SECRET")
            run = server.mlflow("runs/create", {"experiment_id": "0", "start_time": 1})["run"]["info"]["run_id"]
            for way in WAYS_OUT[identifier]:
                for target in ("secret.txt", str(secret).lstrip("/")):
                    path = way.format(s=target)
                    for method, url in [("GET", ROOT + path), ("PUT", ROOT + path), ("DELETE", ROOT + path),
                                        ("GET", f"/get-artifact?run_id={run}&path={path}"),
                                        ("GET", f"{ROOT.rstrip('/')}?path={path}"),
                                        ("GET", f"/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}")]:
                        body = b"OVERWRITTEN" if method == "PUT" else b""
                        answer = raw(server, f"{method} {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n", body)
                        listed = re.search(rb'"path": ?"[^"]*secret.txt"', answer)
                        expect(b"SECRET" not in answer and not listed, f"{method} {url}: {answer[:300]}")
            for file in (secret, inner):
                same(file.read_text() if file.exists() else None, "SECRET", f"{identifier}: {file.name} outside of the root")
            same(server.get("/health").status, 200, "health")
    return (identifier, test)


def fragments_of_locations():
    """CVE-2023-6909, CVE-2024-1483, CVE-2024-2928, CVE-2024-3848: a location whose fragment or query climbs out."""
    with Place(False) as server:
        (pathlib.Path(server.data) / "secret.txt").write_text("SECRET")
        for number, location in enumerate(("mlflow-artifacts:/x#../../../", "mlflow-artifacts:/x?a=/../../..", "mlflow-artifacts:/#/../..",
                                           "mlflow-artifacts:/../..", "mlflow-artifacts:///%2e%2e/", "mlflow-artifacts://host/../../")):
            made = server.post("/api/2.0/mlflow/experiments/create", {"name": f"e{number}", "artifact_location": location})
            if made.status != 200:
                continue
            run = server.mlflow("runs/create", {"experiment_id": made.json()["experiment_id"], "start_time": 1})["run"]["info"]["run_id"]
            for path in ("secret.txt", "../secret.txt", ""):
                answer = ask(server, "/get-artifact", run_id=run, path=path)
                expect(b"SECRET" not in answer.body, f"{location}: {answer.body[:200]}")
                listed = ask(server, "/api/2.0/mlflow/artifacts/list", run_id=run, path=path)
                expect(b"secret" not in listed.body.replace(path.encode() or b"\0", b""), f"{location}: {listed.body[:200]}")


def symbolic_links():
    with Place(False) as server:
        secret = pathlib.Path(server.data).parent / "secret"
        secret.mkdir()
        (secret / "file").write_text("SECRET")
        put(server, "l/real", b"x")
        folder = pathlib.Path(server.data) / "artifacts/l"
        os.symlink(secret, folder / "link")
        os.symlink(secret / "file", folder / "file")
        for path in ("l/link/file", "l/file", "l/link"):
            for answer in (get(server, path), put(server, path + "/x", b"y"), server.request("DELETE", ROOT + path)):
                expect(answer.status >= 400 or b"SECRET" not in answer.body, f"{path}: {answer.status}")
        same([f["path"] for f in ask(server, ROOT, path="l").json()["files"]], ["real"], "links are not listed")
        same((secret / "file").read_text(), "SECRET", "the file outside")
        same(sorted(os.listdir(secret)), ["file"], "the folder outside")


def long_names():
    for s3 in (False, True):
        with Place(s3) as server:
            for path in ("n/" + "k" * 1_000_000, "n/" + "d/" * 5000 + "f", "k" * 300 if not s3 else "k" * 2000):
                try:
                    answer = put(server, path, b"x")
                    expect(400 <= answer.status < 500, f"a name of {len(path)} bytes: {answer.status}")
                except (ConnectionError, http.client.HTTPException):
                    pass  # cut off in the middle of its head
                same(server.get("/health").status, 200, "health")
            name = "m" * 1_000_000
            for route, body in (("registered-models/create", {"name": name}), ("registered-models/rename", {"name": "m", "new_name": name}),
                                ("runs/create", {"experiment_id": name, "start_time": 1}), ("logged-models", {"experiment_id": "0", "name": name}),
                                ("experiments/create", {"name": name, "artifact_location": "mlflow-artifacts:/" + name})):
                answer = server.post("/api/2.0/mlflow/" + route, body)
                expect(400 <= answer.status < 500 and len(answer.body) < 2_100_000, f"{route} with a name of 1 MB: {answer.status}")


# ---- S3 alone ----------------------------------------------------------------------------------------------------------

def transfers_in_parts(server):
    parts = [PIECE * 5, b"tail"]
    base = "/api/2.0/mlflow-artifacts/"
    begun = server.post(base + "mpu/create/d/m", {"path": "/home/somebody/model.bin", "num_parts": 2}).json()
    tagged = []
    for credential, part in zip(begun["credentials"], parts):
        host, _, target = credential["url"].removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("PUT", "/" + target, part, credential["headers"])
        answer = connection.getresponse()
        answer.read()
        same(answer.status, 200, "a part")
        tagged.append({"part_number": credential["part_number"], "etag": answer.headers["ETag"], "url": credential["url"]})
    same(get(server, "d/m/model.bin").status, 404, "before it is complete")
    same(server.post(base + "mpu/complete/d/m", {"path": "model.bin", "upload_id": begun["upload_id"], "parts": tagged}).json(), {}, "complete")
    same(get(server, "d/m/model.bin").body, b"".join(parts), "what came in parts")
    given_up = server.post(base + "mpu/create/d", {"path": "x", "num_parts": 1}).json()
    same(server.post(base + "mpu/abort/d", {"path": "x", "upload_id": given_up["upload_id"]}).status, 200, "abort")
    for body in ({"path": "x", "num_parts": 0}, {"path": "x", "num_parts": 10_001}, {"path": "..", "num_parts": 1}, {}):
        same(server.post(base + "mpu/create/d", body).status, 400, f"{body}")


def downloads_from_the_store(server):
    base = "/api/2.0/mlflow-artifacts/"
    body = PIECE * 2
    put(server, "d/down", body)
    link = server.get(base + "presigned/d/down").json()
    same(link["file_size"], len(body), "file_size")
    host, _, target = link["url"].removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request("GET", "/" + target)
    same(connection.getresponse().read(), body, "what a presigned URL gives")
    same(server.get(base + "presigned/d/absent").status, 404, "a URL of nothing")


def s3_that_is_gone():
    place = Place(True)
    with place as server:
        put(server, "a/b", b"x")
        place.s3.process.kill()
        place.s3.process.wait()
        answer = get(server, "a/b")
        same((answer.status, answer.json()["error_code"]), (503, "TEMPORARILY_UNAVAILABLE"), f"{answer.body}")
        same(put(server, "a/c", b"y").status, 503, "an upload")
        same(server.get("/health").status, 200, "health")


def on(s3, *claims):
    def test():
        with Place(s3) as server:
            try:
                for claim in claims:
                    claim(server)
            except Exception as error:
                raise Failure(f"{error!r} in {claim.__name__}\n{server.log()[-1000:]}") from error
    return test


CLAIMS = (ranges, tags, sums, cuts, continues, pages, scripts, deletes_in_two_steps)
run_tests({
    "ranges, tags, sums, cuts, pages and types, in a folder": on(False, *CLAIMS),
    "ranges, tags, sums, cuts, pages and types, in S3": on(True, *CLAIMS),
    "memory stays the same, in a folder": on(False, lambda server: constant_memory(server, 5120 if SOAK else 400)),
    "memory stays the same, in S3": on(True, lambda server: constant_memory(server, 5120 if SOAK else 100)),
    "a model out of S3 is served": on(True, serves_a_model),
    "clients move files to and from S3 themselves": on(True, transfers_in_parts, downloads_from_the_store),
    "clients send files in parts to a folder": on(False, transfers_in_parts, parts_in_a_folder),
    "an upload goes on after kill -9 of either side": resumes_on_either_database,
    "a lost bit in a folder": damaged_in_a_folder,
    "what a version is made of is not collected": keeps_what_a_version_is_made_of,
    "kill -9 in the middle of gc": kill_in_mid_gc,
    # What only our own S3 server lets happen to itself.
    **({} if GIVEN_S3 else {"an S3 that is gone is an error that says so": s3_that_is_gone, "a lost bit in S3": damaged_in_s3}),
    **dict(ways_out(identifier) for identifier in WAYS_OUT),
    "CVE-2023-6909, CVE-2024-1483, CVE-2024-2928, CVE-2024-3848": fragments_of_locations,
    "symbolic links": symbolic_links,
    "names of 1 MB": long_names,
}.items())
