"""Registries of OCI artifacts for tests: Debian's docker-registry, one of our own that wants tokens, and what puts
models into either."""
import base64
import gzip
import hashlib
import http.client
import http.server
import io
import json
import pathlib
import re
import subprocess
import tarfile
import tempfile
import threading
import time

from harness.millwright import Failure, expect

START_SECONDS_MAX = 60
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# The password is "secret".
PASSWORDS = "user:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files, packed=True):
    """An archive of NAME -> bytes; a name may be whatever one likes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            if isinstance(data, str):  # a link
                entry.type, entry.linkname = tarfile.SYMTYPE, data
                archive.addfile(entry)
                continue
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(out.getvalue()) if packed else out.getvalue()


def titled(name, data):
    """A layer that is a file, as ORAS makes it."""
    return {"mediaType": "application/octet-stream", "annotations": {"org.opencontainers.image.title": name}}, data


def layer(files, packed=True):
    kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if packed else "")
    return {"mediaType": kind}, tar_of(files, packed)


def manifest_of(layers, version=""):
    config = b"{}"
    document = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(config),
                           "size": len(config)},
                "layers": [{**head, "digest": digest_of(data), "size": len(data)} for head, data in layers]}
    if version:
        document["annotations"] = {"org.opencontainers.image.version": version}
    return json.dumps(document).encode(), [config, *(data for _, data in layers)]


class Registry:
    """docker-registry on a free port, or on the one it had; `password` asks for user and "secret"."""

    def __init__(self, password=False):
        self.folder = tempfile.TemporaryDirectory(prefix="registry-")
        self.password, self.process, self.port = password, None, 0

    def start(self):
        root = pathlib.Path(self.folder.name)
        auth = ""
        if self.password:
            (root / "htpasswd").write_text(PASSWORDS)
            auth = f"auth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n"
        (root / "config.yml").write_text(
            "version: 0.1\n" + auth + f"storage: {{filesystem: {{rootdirectory: {root}/data}}}}\n"
            f"http: {{addr: \"127.0.0.1:{self.port}\", secret: test}}\n")
        log = open(root / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(root / "config.yml")], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            if match := re.search(r"listening on 127\.0\.0\.1:(\d+)", (root / "log").read_text()):
                self.port = int(match[1])
                return self
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        raise Failure("docker-registry did not start: " + (root / "log").read_text()[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = dict(headers or {})
        if self.password:
            headers["Authorization"] = "Basic " + base64.b64encode(b"user:secret").decode()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer
        finally:
            connection.close()

    def push(self, repository, tag, layers, version=""):
        """Puts an artifact there; returns its digest."""
        document, blobs = manifest_of(layers, version)
        for data in blobs:
            begun = self.request("POST", f"/v2/{repository}/blobs/uploads/")
            expect(begun.status == 202, f"upload: {begun.status}")
            where = begun.headers["Location"].split(f":{self.port}", 1)[-1]
            done = self.request("PUT", f"{where}&digest={digest_of(data)}", data,
                                {"Content-Type": "application/octet-stream"})
            expect(done.status == 201, f"blob: {done.status}")
        done = self.request("PUT", f"/v2/{repository}/manifests/{tag}", document, {"Content-Type": MANIFEST})
        expect(done.status == 201, f"manifest: {done.status}")
        return digest_of(document)

    def blob_file(self, data):
        """Where the registry keeps some bytes."""
        name = digest_of(data).removeprefix("sha256:")
        return pathlib.Path(self.folder.name) / "data/docker/registry/v2/blobs/sha256" / name[:2] / name / "data"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()


class TokenRegistry:
    """One repository "m" with the tag "latest", for those only who fetch a token with user and "secret"."""

    def __init__(self, layers):
        document, blobs = manifest_of(layers)
        files = {"/v2/m/manifests/latest": document, **{f"/v2/m/blobs/{digest_of(one)}": one for one in blobs}}
        self.asked = []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):  # noqa: N802
                given = self.headers.get("Authorization", "")
                registry.asked.append((self.path, given.split(" ")[0]))
                if self.path.startswith("/token?"):
                    known = given == "Basic " + base64.b64encode(b"user:secret").decode()
                    return self.answer(200, b'{"token": "t"}') if known else self.answer(401)
                if given != "Bearer t":
                    realm = f"http://127.0.0.1:{self.server.server_port}/token"
                    return self.answer(401, WWW_Authenticate=f'Bearer realm="{realm}",service="test",scope="x"')
                body = files.get(self.path)
                return self.answer(404) if body is None else self.answer(200, body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
