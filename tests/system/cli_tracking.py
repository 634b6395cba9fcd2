#!/usr/bin/env python3
"""Looks at experiments and runs from the command line, as a person and as another program.

usage: cli_tracking.py BINARY
"""
import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Server, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
SECONDS_MAX = 60


def create_run(server, experiment="0", name="", **fields):
    body = {"experiment_id": experiment, "run_name": name, "start_time": int(time.time() * 1000), **fields}
    return server.mlflow("runs/create", body)["run"]["info"]["run_id"]


def log(server, run_id, key, steps, value=float, start_ms=1_700_000_000_000):
    points = [{"key": key, "value": value(step), "timestamp": start_ms + step, "step": step} for step in steps]
    for at in range(0, len(points), 1000):
        server.mlflow("runs/log-batch", {"run_id": run_id, "metrics": points[at:at + 1000]})


def finish(server, run_id, status="FINISHED"):
    server.mlflow("runs/update", {"run_id": run_id, "status": status, "end_time": int(time.time() * 1000)})


def answer(server, *words):
    return json.loads(server.cli(*words, "--json").stdout)


def refuses(server, status, part, *words):
    done = server.cli(*words, check=False)
    expect(done.returncode == status and part in done.stderr,
           f"{' '.join(words)}: status {done.returncode}, {done.stderr!r}")


class Terminal:
    """A command with a pseudo-terminal as its output."""

    def __init__(self, server, *words, columns=80, rows=24):
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen([str(BINARY), *words], stdin=side, stdout=side, stderr=side,
                                        env={**os.environ, "MILLWRIGHT_URI": server.uri})
        os.close(side)
        self.text = ""

    def read_until(self, pattern):
        deadline = time.monotonic() + SECONDS_MAX
        while not re.search(pattern, self.text):
            ready, _, _ = select.select([self.main], [], [], max(0, deadline - time.monotonic()))
            if not ready or not self.read_some():
                raise Failure(f"never saw {pattern!r} in …{self.text[-600:]!r}")

    def read_some(self):
        try:
            piece = os.read(self.main, 65536)
        except OSError:  # the other side is closed
            return False
        self.text += piece.decode(errors="replace")
        return bool(piece)

    def end(self):
        while self.read_some():
            pass
        os.close(self.main)
        return self.process.wait(SECONDS_MAX)


def lists_and_pages():
    """Lists show chosen columns, filters and pages; search spans experiments."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        other = server.mlflow("experiments/create", {"name": "flights"})["experiment_id"]
        ids = []
        for number in range(5):
            ids.append(create_run(server, other, f"trial-{number}", start_time=1_700_000_000_000 + number))
            server.mlflow("runs/log-batch", {"run_id": ids[-1], "params": [{"key": "lr", "value": f"0.{number}"}]})
            log(server, ids[-1], "auc", [1], lambda _: 0.5 + number / 10)
        create_run(server, "0", "elsewhere")
        first = answer(server, "runs", "list", "-e", "flights", "--limit", "2")
        names = [run["info"]["run_name"] for run in first["runs"]]
        expect(names == ["trial-4", "trial-3"], f"the newest first: {names}")
        rest = answer(server, "runs", "list", "-e", "flights", "--limit", "3", "--page", first["next_page_token"])
        expect([run["info"]["run_name"] for run in rest["runs"]] == ["trial-2", "trial-1", "trial-0"],
               f"the next page: {rest}")
        text = server.cli("runs", "list", "--experiment", other, "--metrics", "auc,none", "--params", "lr",
                          "--filter", "metrics.auc > 0.6", "--order-by", "metrics.auc ASC").stdout
        lines = text.splitlines()
        expect(re.fullmatch(r"RUN +NAME +STATUS +STARTED +DURATION +auc +none +lr", lines[0]), f"{lines[0]!r}")
        expect([line.split()[0] for line in lines[1:]] == ids[2:], f"whole ids in a pipe: {text}")
        expect(all(line.split()[-1] == f"0.{i + 2}" for i, line in enumerate(lines[1:])), f"{text}")
        expect("\033" not in text, "colour in a pipe")
        everywhere = answer(server, "runs", "search", "attributes.run_name != ''")
        expect(len(everywhere["runs"]) == 6, f"all experiments: {len(everywhere['runs'])}")
        refuses(server, 1, "Experiment not found: never", "runs", "list", "-e", "never")
        refuses(server, 1, "Invalid", "runs", "list", "--filter", "metrics.auc >")
        narrow = Terminal(server, "runs", "list", "-e", "flights", "--params", "lr", columns=60)
        expect(narrow.end() == 0, narrow.text)
        plain = re.sub(r"\033\[[0-9;]*m", "", narrow.text)
        expect(max(len(line) for line in plain.splitlines()) <= 60, f"wider than the terminal: {plain}")
        expect(ids[0][:8] in plain and ids[0] not in plain, f"short ids in a terminal: {plain}")


def experiments():
    """Experiments are created, shown, renamed, deleted and restored."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        made = answer(server, "experiments", "create", "one", "--tag", "team=a=b")["experiment_id"]
        server.cli("experiments", "create", "two")
        shown = answer(server, "experiments", "show", "one")
        expect(shown["experiment"]["tags"] == [{"key": "team", "value": "a=b"}], f"{shown}")
        run_id = create_run(server, made, "inside")
        expect(run_id[:8] in server.cli("experiments", "show", made).stdout, "newest runs")
        server.cli("experiments", "rename", "one", "uno")
        found = answer(server, "experiments", "search", "name LIKE 'u%'")["experiments"]
        expect([one["name"] for one in found] == ["uno"], f"{found}")
        gone = answer(server, "experiments", "delete", "uno", "two", made)
        expect(gone["deleted"] == [made, str(int(made) + 1)] and gone["unchanged"] == [], f"{gone}")
        expect(answer(server, "experiments", "delete", "uno")["unchanged"] == [made], "deleted twice")
        left = [one["name"] for one in answer(server, "experiments", "list")["experiments"]]
        expect(left == ["Default"], f"{left}")
        deleted = answer(server, "experiments", "list", "--deleted")["experiments"]
        expect(sorted(one["name"] for one in deleted) == ["two", "uno"], f"{deleted}")
        server.cli("experiments", "restore", "uno")
        expect(answer(server, "experiments", "show", "uno")["newest_runs"][0]["info"]["run_id"] == run_id, "back")
        refuses(server, 1, "Experiment not found: never", "experiments", "delete", "uno", "never")
        expect(answer(server, "experiments", "show", "uno")["experiment"]["lifecycle_stage"] == "active",
               "none is deleted when one is unknown")
        refuses(server, 1, "--tag takes KEY=VALUE", "experiments", "create", "x", "--tag", "novalue")
        refuses(server, 2, "NAME is required", "experiments", "create")
        refuses(server, 2, "did you mean list?", "experiments", "lisst")
        expect("rename" in server.cli("experiments", "--help").stdout, "a group's help lists its commands")


def naming_runs():
    """A run is named by its id, the beginning of it or its name, if that is unique."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        one, two, three = (create_run(server, name=name) for name in ("solo", "twin", "twin"))
        quoted = create_run(server, name="it's")

        def found(words):
            return answer(server, "runs", "show", words)["run"]["info"]["run_id"]

        expect(found(one) == found(one[:8]) == found("solo") == one, "three ways to name a run")
        expect(found("it's") == quoted, "a name with a quote")
        refuses(server, 1, two, "runs", "show", "twin")
        refuses(server, 1, three, "runs", "show", "twin")
        refuses(server, 1, "Run not found: ffff", "runs", "show", "ffffffff")
        refuses(server, 1, "Run not found", "runs", "show", "a%' OR '1' = '1")
        refuses(server, 1, "both kinds of quotes", "runs", "show", "a'\"")
        server.cli("runs", "delete", "solo")
        expect(found("solo") == one, "a deleted run can be shown")


def shows_everything():
    """A run's page has params, metrics with their course, tags, inputs, files and children."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="parent", tags=[{"key": "note", "value": "line\n\033[31mred"}])
        server.mlflow("runs/log-batch", {"run_id": run_id, "params": [{"key": "lr", "value": "0.1"}]})
        log(server, run_id, "loss", range(100), lambda step: 100.0 - step)
        log(server, run_id, "odd", [1], lambda _: "NaN")
        server.mlflow("runs/log-inputs", {"run_id": run_id, "datasets": [{
            "tags": [{"key": "mlflow.data.context", "value": "training"}],
            "dataset": {"name": "iris", "digest": "abc123", "source_type": "local", "source": "{}"}}]})
        server.request("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/model.onnx", b"12345")
        child = create_run(server, name="child", tags=[{"key": "mlflow.parentRunId", "value": run_id}])
        text = server.cli("runs", "show", "parent").stdout
        for part in ("RUNNING", "lr", "█▇", "NaN", "iris", "abc123", "training", "model.onnx", "5 B", child[:8],
                     r"line\n\x1b[31mred"):
            expect(part in text, f"{part!r} is not in {text}")
        expect("\033" not in text, "a tag steers the terminal")
        shown = answer(server, "runs", "show", "parent")
        expect(shown["artifacts"][0]["path"] == "model.onnx", f"{shown['artifacts']}")
        expect([run["info"]["run_id"] for run in shown["children"]] == [child], f"{shown['children']}")


def compares():
    """A comparison shows differences with deltas, and all with --all."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        ids = []
        for name, rate, auc in (("a", "0.1", 0.5), ("b", "0.2", 0.75)):
            ids.append(create_run(server, name=name))
            server.mlflow("runs/log-batch", {"run_id": ids[-1], "params": [
                {"key": "lr", "value": rate}, {"key": "depth", "value": "4"}]})
            log(server, ids[-1], "auc", [1], lambda _: auc)
        text = server.cli("runs", "compare", "a", "b").stdout
        expect("0.75 (+0.25)" in text and "lr" in text and "depth" not in text, text)
        expect("depth" in server.cli("runs", "compare", "a", "b", "--all").stdout, "--all")
        compared = answer(server, "runs", "compare", *ids)
        expect(compared["metrics"] == [{"key": "auc", "same": False, "values": [0.5, 0.75], "deltas": [0, 0.25]}],
               f"{compared}")
        refuses(server, 1, "two different runs", "runs", "compare", "a", ids[0])


def deletes_and_restores():
    """Several runs go and come back; none goes when one is unknown."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        ids = [create_run(server, name=name) for name in ("a", "b", "c")]
        refuses(server, 1, "Run not found: never", "runs", "delete", "a", "never")
        expect(len(answer(server, "runs", "list")["runs"]) == 3, "nothing was deleted")
        expect("2 deleted, 0 unchanged" in server.cli("runs", "delete", "a", ids[1][:8], "a").stdout, "summary")
        expect(len(answer(server, "runs", "list", "--deleted")["runs"]) == 2, "deleted ones")
        back = answer(server, "runs", "restore", "a", "b", "c")
        expect(back == {"restored": ids[:2], "unchanged": ids[2:]}, f"{back}")


def exports():
    """An export has every point, across pages, in JSON and CSV."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="long", tags=[{"key": "note", "value": "a,\"b\"\nc"}])
        log(server, run_id, "loss", range(26_000), lambda step: step * 0.1)
        log(server, run_id, "odd", [7], lambda _: "NaN")
        out = pathlib.Path(data) / "run.json"
        expect("26,001 points" in server.cli("runs", "export", "long", "-o", str(out)).stdout, "summary")
        whole = json.loads(out.read_text())
        expect([point["step"] for point in whole["metric_history"]["loss"]] == list(range(26_000)), "steps")
        expect(whole["metric_history"]["loss"][3]["value"] == 3 * 0.1, "values are exact")
        expect(whole["metric_history"]["odd"][0]["value"] == "NaN", "NaN")
        expect(json.loads(server.cli("runs", "export", "long").stdout) == whole, "standard output")
        text = server.cli("runs", "export", "long", "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        expect(sum(row["kind"] == "metric" for row in rows) == 26_001, f"{len(rows)} rows")
        expect([row["value"] for row in rows if row["key"] == "note"] == ["a,\"b\"\nc"], "quoting")
        refuses(server, 1, "--format", "runs", "export", "long", "--format", "xml")
        refuses(server, 1, "Cannot write", "runs", "export", "long", "-o", f"{data}/none/run.json")


def tails():
    """The last points are printed; of a metric whose steps are far apart as well."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="run")
        log(server, run_id, "near", range(5000))
        log(server, run_id, "far", range(-50_000_000, 50_000_000, 1_000_000))
        server.mlflow("runs/log-batch", {"run_id": run_id, "metrics": [
            {"key": "stepless", "value": at, "timestamp": 1000 + at} for at in range(900)]})

        def steps(*words):
            points = answer(server, "runs", "tail", "run", *words)["points"]
            return [point["step"] for point in points], [point["value"] for point in points]

        expect(steps("--metric", "near", "-n", "3")[0] == [4997, 4998, 4999], f"{steps('--metric', 'near')}")
        expect(steps("--metric", "far", "-n", "2")[0] == [48_000_000, 49_000_000], "far")
        expect(steps("--metric", "stepless", "-n", "2")[1] == [898, 899], "points without steps")
        expect(len(answer(server, "runs", "tail", "run")["points"]) == 30, "ten of each")
        text = server.cli("runs", "tail", "run", "--metric", "near,far", "-n", "1").stdout
        expect(len(text.splitlines()) == 2 and "near = 4999" in text, text)
        done = server.cli("runs", "tail", "run", "--metric", "typo")
        expect("has no metric typo" in done.stdout + done.stderr, f"{done}")


def views_of_experiments():
    """All runs of an experiment: beside another's, in files, as they come."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        ids = [server.mlflow("experiments/create", {"name": name})["experiment_id"] for name in ("old", "new")]
        for experiment, losses in zip(ids, ((1.0, 3.0, 5.0), (2.0,))):
            for loss in losses:
                run = create_run(server, experiment, name=f"run {loss}")
                log(server, run, "loss", [0], lambda _, loss=loss: loss)
                finish(server, run, "FAILED" if loss == 5.0 else "FINISHED")
        old, new = answer(server, "experiments", "compare", "old", "new")["experiments"]
        expect(old["runs"] == 3 and old["by_status"] == {"FINISHED": 2, "FAILED": 1}, f"{old}")
        expect(old["metrics"]["loss"] == {"count": 3, "mean": 3, "min": 1, "max": 5, "std": 2}, f"{old}")
        expect(new["metrics"]["loss"] == {"count": 1, "mean": 2, "min": 2, "max": 2}, f"{new}")
        text = server.cli("experiments", "compare", "old", "new").stdout
        expect("3 ± 2" in text and "1 … 5" in text, text)
        refuses(server, 1, "two experiments", "experiments", "compare", "old")
        folder = pathlib.Path(data) / "out"
        done = answer(server, "experiments", "export", "old", "-o", str(folder))
        expect((done["runs"], done["already_there"], done["points"]) == (3, 0, 3), f"{done}")
        expect(len(list(folder.glob("*.json"))) == 4, f"{list(folder.iterdir())}")
        again = answer(server, "experiments", "export", "old", "-o", str(folder))
        expect((again["runs"], again["already_there"]) == (0, 3), f"{again}")
        lines = server.cli("experiments", "tail", "old", "-n", "2").stdout.splitlines()
        expect(len(lines) == 2 and "FAILED" in lines[1] and "loss=5" in lines[1], f"{lines}")
        follower = follow(server, "old", "-n", "1", "--json", noun="experiments")
        expect(json.loads(follower.stdout.readline())["info"]["run_name"] == "run 5.0", "the newest")
        run = create_run(server, ids[0], name="another")
        expect(json.loads(follower.stdout.readline())["info"]["status"] == "RUNNING", "one that begins")
        finish(server, run)
        expect(json.loads(follower.stdout.readline())["info"]["status"] == "FINISHED", "one that ends")
        follower.send_signal(signal.SIGINT)
        rest, errors = follower.communicate(timeout=SECONDS_MAX)
        expect(follower.returncode == 0 and rest == "", f"{follower.returncode} {rest} {errors}")


def mistyped_addresses_lead_nowhere():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        for address in ("ftp://x", "foo", "localhost:5000", "http://"):
            for words, environment in ((("--uri", address), {}), ((), {"MILLWRIGHT_URI": address}),
                                       ((), {"MLFLOW_TRACKING_URI": address})):
                clean = {key: value for key, value in os.environ.items() if not key.endswith("_URI")}
                done = subprocess.run([str(BINARY), "runs", "list", *words], env={**clean, **environment},
                                      capture_output=True, text=True, timeout=SECONDS_MAX)
                expect(done.returncode == 1 and "must be a server's address" in done.stderr, f"{address}: {done}")
        done = server.cli("runs", "list", "--uri", server.uri.replace("http", "HTTP"))
        expect(done.returncode == 0, f"{done}")


def follow(server, *words, noun="runs"):
    return subprocess.Popen([str(BINARY), noun, "tail", *words, "-f", "--interval-ms", "20"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env={**os.environ, "MILLWRIGHT_URI": server.uri})


def follows_in_lines():
    """Every point that comes is one line, until the run ends."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="run")
        log(server, run_id, "loss", [0])
        follower = follow(server, "run", "--json")
        seen = [json.loads(follower.stdout.readline())]
        for step in range(1, 6):
            log(server, run_id, "loss", [step])
            seen.append(json.loads(follower.stdout.readline()))
        finish(server, run_id)
        rest, errors = follower.communicate(timeout=SECONDS_MAX)
        expect([point["step"] for point in seen] == list(range(6)) and rest == "", f"{seen} {rest}")
        expect(follower.returncode == 0, f"status {follower.returncode} {errors}")


def follows_across_a_restart():
    """A server that goes and comes back is waited for; Ctrl-C ends the following in good order."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="run")
        log(server, run_id, "loss", [0])
        follower = follow(server, run_id)
        expect("loss = 0" in follower.stdout.readline(), "the first point")
        server.kill()
        expect("waiting" in follower.stderr.readline(), "it says that it waits")
        again = Server(BINARY, data, port=server.port).start()
        try:
            log(again, run_id, "loss", [1])
            expect("loss = 1" in follower.stdout.readline(), "the point after the restart")
            follower.send_signal(signal.SIGINT)
            _, errors = follower.communicate(timeout=SECONDS_MAX)
            expect(follower.returncode == 0 and "is RUNNING" in errors, f"{follower.returncode} {errors}")
        finally:
            again.stop()


def follows_in_a_terminal():
    """A terminal shows a sparkline a metric, drawn over itself."""
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        run_id = create_run(server, name="run")
        log(server, run_id, "loss", range(8))
        board = Terminal(server, "runs", "tail", "run", "-f", "--interval-ms", "20", columns=60)
        board.read_until(r"loss +▁▂▃▄▅▆▇█ +7  step 7")
        log(server, run_id, "auc", [1], lambda _: 0.5)
        board.read_until("\033\\[2A\\rrun [^\n]*RUNNING[^\n]*\n\\rauc +▄ +0.5  step 1\033\\[K\r\n\\rloss +▁▂▃▄▅▆▇█ +7  step 7")
        finish(server, run_id, "FAILED")
        expect(board.end() == 0, board.text)
        expect("FAILED" in board.text.splitlines()[-1], f"{board.text[-300:]!r}")


def mistakes_come_with_a_hint():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        for words, part in [(["servr"], "There is no command servr; did you mean server?"),
                            (["runs", "lst"], "There is no command runs lst; did you mean list?"),
                            (["runs"], "runs takes one of the commands list, search, show"),
                            (["runs", "list", "--limt=3"], "runs list has no option --limt; did you mean --limit?"),
                            (["runs", "list", "extra"], "not expected: extra")]:
            done = server.cli(*words, check=False)
            expect(done.returncode == 2 and part in done.stderr, f"{words}: {done.returncode}, {done.stderr!r}")
        expect("Subcommands:" in server.cli(check=False).stderr, "no help without a command")
        switches = server.cli("server", "--help").stdout
        expect("--serve-artifacts,--no-serve-artifacts\n" in switches and "{false}" not in switches, switches)


def a_server_that_is_not_there():
    with tempfile.TemporaryDirectory() as data, Server(BINARY, data) as server:
        server.kill()
        hint = "Start a server with `millwright server`"
        for words in (["experiments", "list"], ["endpoints", "deploy", "x", "--model", "x@1"]):
            refuses(server, 1, hint, *words)
        expect(hint not in server.cli("experiments", "list", "--json", check=False).stderr, "JSON is one document")


run_tests([("lists show chosen columns and pages", lists_and_pages),
           ("experiments from creation to restoration", experiments),
           ("runs are named by id, beginning or name", naming_runs),
           ("a run's page has everything", shows_everything),
           ("a comparison shows differences", compares),
           ("runs are deleted and restored", deletes_and_restores),
           ("an export has every point", exports),
           ("the last points are printed", tails),
           ("experiments are compared, exported and followed", views_of_experiments),
           ("a mistyped address leads to no other server", mistyped_addresses_lead_nowhere),
           ("points that come are printed a line each", follows_in_lines),
           ("a restart of the server does not end the following", follows_across_a_restart),
           ("a terminal shows sparklines", follows_in_a_terminal),
           ("a word that is not known comes with the nearest that is", mistakes_come_with_a_hint),
           ("who has no server is told how to start one", a_server_that_is_not_there)])
