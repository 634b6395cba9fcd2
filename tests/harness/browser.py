"""Runs the browser tests of ui/e2e against a server."""
import os
import pathlib
import re
import shutil
import subprocess

from harness.millwright import ROOT, Counts, expect


def browse(server, script, seconds_max, **environment):
    """Runs a script of ui/e2e with the pinned Node.js; each of its claims counts."""
    cache = pathlib.Path(os.environ.get("MILLWRIGHT_CACHE") or pathlib.Path(
        os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "millwright")
    pinned = cache / "node-22.23.3/bin/node"
    node = str(pinned) if pinned.exists() else shutil.which("node")
    expect(node, f"no Node.js, neither {pinned} nor in PATH: run make deps")
    done = subprocess.run([node, f"e2e/{script}"], cwd=ROOT / "ui", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds_max,
                          env={**os.environ, "MILLWRIGHT_URI": server.uri, **environment})
    lines = done.stdout.splitlines()
    closing = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1] if lines else "")
    print("\n".join("        " + line for line in (lines[:-1] if closing else lines)), flush=True)
    expect(closing, f"{script} ended with {done.returncode} and said no counts")
    return Counts(int(closing[1]), int(closing[2]))
