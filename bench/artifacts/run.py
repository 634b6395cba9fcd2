#!/usr/bin/env python3
"""Measures artifacts of `millwright server` up and down, beside nginx with the same files and beside `cp`.

usage: bench/artifacts/run.py BINARY [MEGABYTES] [FILES]

A file of MEGABYTES (512) goes up and down by curl, ROUNDS times, each time beside the others; what counts is the best of
each. An upload is on disk when it is answered (fsync) and its SHA-256 is computed; nginx's (PUT, where its module is there)
is not synced, so `cp` stands beside it as it is and with fsync. Downloads go to /dev/null; one is compared with the sum of
its upload on the way, the other is of a file that was put into the folder, whose sum nobody knows. Then FILES (100,000)
files of 100 bytes in one folder are listed, whole and in pages, and fetched by wrk with 8 connections, and so are STORED
files that came through the server and have a sum. nginx and wrk are optional: what is missing is said and left out
(apt-get install nginx-light wrk).
"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
from harness.millwright import Server  # noqa: E402

ROUNDS = 3
STORED = 2_000
ROOT = "/api/2.0/mlflow-artifacts/artifacts"
WRK_SECONDS = 10
NGINX = """daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log; {modules}
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 0; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen unix:{folder}/unused; listen 127.0.0.1:{port}; root {root}; location / {{ {dav} }} }} }}
"""


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(folder, root):
    """nginx with the files of `root`; its address, or nothing where it is not installed."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        print("nginx is not installed: its figures are left out (apt-get install nginx-light)")
        yield None
        return
    folder.mkdir()
    port = free_port()
    with_dav = b"dav_module" in subprocess.run([program, "-V"], capture_output=True).stderr
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "conf").write_text(NGINX.format(folder=folder, port=port, root=root, modules=user,
                                              dav="dav_methods PUT; create_full_put_path on;" if with_dav else ""))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def seconds(*command):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    took = time.monotonic() - began
    if done.returncode != 0 or (command[0] == "curl" and not done.stdout.startswith("2")):
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return took


def curl(*words):
    return seconds("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:", *words)


def large(server, peer, folder, store, megabytes):
    source = folder / "source"
    with source.open("wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(1 << 20))
    ours = server.uri + ROOT
    ways = {
        "millwright, up": lambda: curl("-T", str(source), f"{ours}/bench/large"),
        "cp": lambda: seconds("cp", str(source), str(folder / "copy")),
        "cp and fsync": lambda: seconds("dd", f"if={source}", f"of={folder / 'copy'}", "bs=1M", "conv=fsync", "status=none"),
        "millwright, down": lambda: curl(f"{ours}/bench/large"),
        "unknown, down": lambda: curl(f"{ours}/bench/unknown"),
    }
    (store / "bench").mkdir(parents=True)
    shutil.copyfile(source, store / "bench/unknown")
    if peer:
        ways["nginx, up"] = lambda: curl("-T", str(source), f"{peer}/bench/from-nginx")
        ways["nginx, down"] = lambda: curl(f"{peer}/bench/large")
    best = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            try:
                took = way()
            except SystemExit as error:
                if name != "nginx, up":
                    raise
                print(f"nginx takes no PUT: {str(error)[-80:]}")
                continue
            best[name] = min(took, best.get(name, took))
    print(f"\na file of {megabytes} MiB, MB/s, the best of {ROUNDS}:")
    for name, took in best.items():
        print(f"  {name:18} {megabytes * 1.048576 / took:8.0f}")
    for name, other in (("up", "cp"), ("up", "cp and fsync"), ("up", "nginx, up"), ("down", "unknown, down"), ("down", "nginx, down"), ("down", "cp")):
        if other in best:
            print(f"  millwright {name} to {other}: ratio {best[other] / best['millwright, ' + name]:.2f}")
    for made in (source, folder / "copy", store / "bench/large", store / "bench/from-nginx", store / "bench/unknown"):
        made.unlink(missing_ok=True)


def listing(server, count):
    began = time.monotonic()
    whole = server.get(f"{ROOT}?path=many").json()["files"]
    whole_s = time.monotonic() - began
    assert len(whole) == count, len(whole)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    began, seen, token, pages = time.monotonic(), 0, "", 0
    while token is not None:
        connection.request("GET", f"{ROOT}?path=many&max_results=1000" + (f"&page_token={token}" if token else ""))
        page = json.loads(connection.getresponse().read())
        seen, token, pages = seen + len(page["files"]), page.get("next_page_token"), pages + 1
    assert seen == count, seen
    pages_s = time.monotonic() - began
    print(f"  listed whole in {whole_s:.2f} s; in {pages} pages of 1,000 in {pages_s:.2f} s, {pages_s / pages * 1000:.1f} ms a page")


def small(server, peer, folder, store, count):
    many = store / "many"
    many.mkdir(parents=True)
    for number in range(count):
        (many / f"{number:06}").write_bytes(b"x" * 100)
    print(f"\n{count:,} files of 100 bytes in one folder:")
    listing(server, count)
    began = time.monotonic()
    names = len(os.listdir(many))
    print(f"  (the names alone, by readdir: {time.monotonic() - began:.2f} s for {names:,})")
    if shutil.which("wrk") is None:
        print("wrk is not installed: fetching is left out (apt-get install wrk)")
        return
    fetch(server, peer, folder, "many", count)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for number in range(STORED):
        connection.request("PUT", f"{ROOT}/stored/{number:06}", b"x" * 100)
        assert connection.getresponse().read() == b"{}"
    print(f"\n{STORED:,} files of 100 bytes with a sum:")
    fetch(server, peer, folder, "stored", STORED)


def fetch(server, peer, folder, name, count):
    script = folder / "fetch.lua"
    script.write_text(f"""
local at = 0
function request()
  at = (at + 1) % {count}
  return wrk.format("GET", wrk.path .. string.format("/%06d", at))
end
function done(summary)
  local e = summary.errors
  io.write(string.format("%d %d %d\\n", summary.requests, summary.duration, e.status + e.read + e.write + e.timeout))
end
""")
    rates = {}
    for who, address in (("millwright", server.uri + ROOT), ("nginx", peer)):
        if not address:
            continue
        said = subprocess.run(["wrk", "-t1", "-c8", f"-d{WRK_SECONDS}s", "-s", str(script), f"{address}/{name}"],
                              capture_output=True, text=True, check=True).stdout
        requests, duration_us, failed = map(int, said.split("\n")[-2].split())
        rates[who] = requests / duration_us * 1e6
        print(f"  {who}: {rates[who]:,.0f} files/s ({requests:,} fetched, {failed} failed)")
    if "nginx" in rates:
        print(f"  millwright to nginx: ratio {rates['millwright'] / rates['nginx']:.2f}")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = pathlib.Path(sys.argv[1]).resolve()
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 512
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    with tempfile.TemporaryDirectory(prefix="bench-artifacts-") as name:
        folder = pathlib.Path(name)
        store = folder / "data/artifacts"
        with Server(binary, folder / "data", "--log-level", "warning") as server, nginx(folder / "nginx", store) as peer:
            large(server, peer, folder, store, megabytes)
            small(server, peer, folder, store, count)


main()
