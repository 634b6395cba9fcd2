#!/usr/bin/env python3
"""Measures how long small commands take from a cold start, beside /bin/true and curl.

usage: bench/cli/start.py BINARY [RUNS]

The commands take turns, RUNS (100) times each, so that whatever else the machine does meets all of them.
"""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

READY_SECONDS = 30


def milliseconds(command):
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1e3


def wait_for(port_file, server):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if port_file.exists() and port_file.read_text().strip():
            return port_file.read_text().strip()
        time.sleep(0.02)
    sys.exit("the server did not start")


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as folder:
        port_file = pathlib.Path(folder, "port")
        server = subprocess.Popen([binary, "server", "--port", "0", "--port-file", str(port_file),
                                   "--data", str(pathlib.Path(folder, "data"))],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            uri = f"http://127.0.0.1:{wait_for(port_file, server)}"
            commands = {
                "/bin/true": ["/bin/true"],
                "curl of /health": ["curl", "-s", uri + "/health"],
                "millwright --version": [binary, "--version"],
                "millwright experiments list": [binary, "experiments", "list", "--uri", uri],
                "millwright runs list --json": [binary, "runs", "list", "--json", "--uri", uri],
            }
            took = {name: [] for name in commands}
            for _ in range(runs):
                for name, command in commands.items():
                    took[name].append(milliseconds(command))
        finally:
            server.terminate()
            server.wait()
    print(f"{'command':<32}{'median ms':>10}{'p90 ms':>10}")
    for name, values in took.items():
        values.sort()
        print(f"{name:<32}{statistics.median(values):>10.1f}{values[int(len(values) * 0.9)]:>10.1f}")


if __name__ == "__main__":
    main()
