"""The Python that runs models in tests: Debian's, with scikit-learn out of the cache that
scripts/install-deps fills."""
import os
import pathlib
import subprocess

from harness.millwright import ROOT

CACHE = pathlib.Path(os.environ.get("MILLWRIGHT_CACHE") or
                     pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") /
                     "millwright")
PACKAGES = str(CACHE / "sklearn-bookworm")
PYTHON = "/usr/bin/python3"
# For the program, and for scripts that a guide runs.
ENVIRONMENT = {"MILLWRIGHT_PYTHON": PYTHON, "MILLWRIGHT_PYTHONPATH": PACKAGES, "PYTHONPATH": PACKAGES}


def run(script, *arguments):
    """Runs Python code with scikit-learn at hand; returns what it prints."""
    done = subprocess.run([PYTHON, "-c", script, *map(str, arguments)], capture_output=True, text=True,
                          check=False, env={**os.environ, "PYTHONPATH": PACKAGES})
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return done.stdout


def train(folder):
    """The example's model as a folder."""
    run((ROOT / "examples/sklearn/train.py").read_text(), folder)
