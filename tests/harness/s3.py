"""A real S3 server (npm's s3rver) for tests. Standard library only."""
import http.client
import os
import pathlib
import re
import subprocess
import tempfile
import time
import uuid

from harness.millwright import Failure

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS_MAX = 60


def node():
    cache = os.environ.get("MILLWRIGHT_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "millwright")
    return os.path.join(cache, "node-22.23.3/bin/node")


class S3Server:
    """s3rver on a free port with the bucket "bucket"; `root` is the address of a store in it and `environment` what a client
    needs. MILLWRIGHT_TEST_S3=s3://bucket/prefix names another server instead, the rest in AWS's variables; what tests put
    below the prefix stays."""

    def __init__(self):
        self.process, self.folder, self.root, self.environment = None, None, "s3://bucket/root", {}
        self.port = 0

    def __enter__(self):
        if given := os.environ.get("MILLWRIGHT_TEST_S3"):
            self.root = f"{given}/{uuid.uuid4().hex}"
            return self
        self.folder = tempfile.TemporaryDirectory(prefix="s3-")
        return self.start()

    def start(self):
        """Again after kill(), on the same port."""
        out = open(os.path.join(self.folder.name, "log"), "wb")
        # Its page tokens are made with DES, which newer OpenSSL has put away.
        self.process = subprocess.Popen(
            [node(), "--openssl-legacy-provider", str(ROOT / "tests/s3/node_modules/.bin/s3rver"), "--directory",
             os.path.join(self.folder.name, "data"), "--address", "127.0.0.1", "--port", str(self.port), "--configure-bucket", "bucket"],
            stdout=out, stderr=out)
        end = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < end and self.process.poll() is None:
            text = pathlib.Path(out.name).read_text(errors="replace")
            if match := re.search(r"listening on 127\.0\.0\.1:(\d+)\s", text):
                self.port = int(match[1])
                self.environment = {"MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{match[1]}", "AWS_ACCESS_KEY_ID": "S3RVER",
                                    "AWS_SECRET_ACCESS_KEY": "S3RVER"}
                return self
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        raise Failure("s3rver did not start: " + pathlib.Path(out.name).read_text(errors="replace")[-2000:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def put(self, path, data):
        """Puts a file of the store."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("PUT", f"/bucket/root/{path}", data)
        status = connection.getresponse().status
        connection.close()
        if status != 200:
            raise Failure(f"PUT {path}: {status}")

    def object_file(self, path):
        """Where s3rver keeps the bytes of a file of the store."""
        return pathlib.Path(self.folder.name) / "data/bucket/root" / f"{path}._S3rver_object"

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.folder.cleanup()
