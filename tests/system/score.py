#!/usr/bin/env python3
"""Scoring files: the same numbers as online, in shards, killed and gone on with.

usage: score.py BINARY
"""
import contextlib
import csv
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import python_models  # noqa: E402
from harness.millwright import ROOT, Server, expect, replace_by_another, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, register  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CANCER = MODELS / "breast_cancer_lr/model.onnx"
CREDIT = MODELS / "credit_columns/model.onnx"
FEATURES = [f"f{i}" for i in range(30)]
WAIT_SECONDS = 60


def score(*words, check=True, environment=None):
    done = subprocess.run([BINARY, "score", *map(str, words), "--json"], capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})
    expect(not check or done.returncode == 0, f"{words}: status {done.returncode}\n{done.stderr}")
    return done


def error_of(*words):
    done = score(*words, check=False)
    expect(done.returncode == 1, f"{words}: status {done.returncode} {done.stdout}")
    return json.loads(done.stderr.strip().splitlines()[-1])["message"]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def row_of(number):
    """Features of a row: spread, different in each row, and exact as float32."""
    return [((number * 7919 + i * 104729) % 1000) / 64 for i in range(30)]


def write_rows(path, count, bad=None):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *FEATURES])
        for number in range(count):
            row = [number, *row_of(number)]
            if number == bad:
                row[5] = "much"
            writer.writerow(row)
    return path


def features():
    return ["--features", ",".join(FEATURES)]


def same_numbers_as_online():
    """What /invocations answers, row by row, to the last digit."""
    rows = 500
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder / "rows.csv", rows)
        with Server(BINARY, folder / "data") as server:
            version = register(server, "cancer")
            server.mlflow("registered-models/alias", {"name": "cancer", "alias": "champion", "version": version})
            score("--model", "models:/cancer@champion", "--input", folder / "rows.csv", "--output",
                  folder / "out.csv", "--shards", 3, "--keep", "id", *features(),
                  environment={"MILLWRIGHT_URI": server.uri})
            answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            answer = server.post("/endpoints/cancer/invocations", {"inputs": [row_of(n) for n in range(rows)]})
            expect(answer.status == 200, f"{answer.status} {answer.body[:300]}")
            online = answer.json()["predictions"]
        batch = read(folder / "out.csv")
        expect([int(row["id"]) for row in batch] == list(range(rows)), "rows are out of order")
        expect([int(row["label"]) for row in batch] == online["label"], "labels differ")
        for column in (0, 1):
            numbers = [float(row[f"probabilities_{column}"]) for row in batch]
            expect(numbers == [one[column] for one in online["probabilities"]], f"column {column} differs")


def any_cut_gives_the_same_file():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder / "rows.csv", 5_000)
        common = ["--model", CANCER, "--input", folder / "rows.csv", *features()]
        score(*common, "--output", folder / "one.csv", "--shards", 1)
        score(*common, "--output", folder / "seven.csv", "--shards", 7, "--jobs", 3, "--batch-rows", 10)
        whole = (folder / "one.csv").read_bytes()
        expect(whole == (folder / "seven.csv").read_bytes(), "seven shards give another file than one")
        # As the jobs of a cluster do: each shard by its own call, in any order, twice, then the end.
        for shard in (2, 0, 2, 3, 1):
            done = score(*common, "--output", folder / "four.csv", "--shards", 4, "--shard", shard)
            expect(json.loads(done.stdout)["rows"] == 1_250, done.stdout)
        expect(not (folder / "four.csv").exists(), "a shard made the output")
        score("--output", folder / "four.csv")
        expect(whole == (folder / "four.csv").read_bytes(), "shards by hand give another file")
        score(*common, "--output", f"{folder}/parts/", "--shards", 2)
        names = sorted(path.name for path in (folder / "parts").iterdir())
        expect(names == ["_SUCCESS", "part-00000-of-00002.parquet", "part-00001-of-00002.parquet"], f"{names}")
        leftovers = [path.name for path in folder.iterdir() if path.name.endswith(".scoring")]
        expect(not leftovers, f"{leftovers}")


def texts_stay_as_they_are_written():
    """A CSV file does not say that yes is no boolean and 007 no number: the model does, or nobody."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = read(ROOT / "examples/score/applicants.csv")
        for number, row in enumerate(rows):
            row["id"] = f"{number:03}"
        for line_ending, extension, delimiter in (("\n", "csv", ","), ("\r\n", "tsv", "\t")):
            source = folder / f"rows.{extension}"
            with open(source, "w", newline="") as file:
                writer = csv.DictWriter(file, rows[0], delimiter=delimiter, lineterminator=line_ending)
                writer.writeheader()
                writer.writerows(rows)
            score("--model", CREDIT, "--input", source, "--output", folder / "out.csv", "--overwrite")
            kept = [{name: row[name] for name in rows[0]} for row in read(folder / "out.csv")]
            expect(kept == rows, f"{extension}: {kept}")
            score("--model", CREDIT, "--input", source, "--output", folder / "typed.jsonl", "--overwrite")
            first = json.loads((folder / "typed.jsonl").read_text().splitlines()[0])
            expect(first["Records"] == "no" and first["Income"] == 129, f"{first}")


def wait_for_parts(process, parts, count):
    """Waits until so many shards are done, or the process is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and len(list(parts.glob("part-*"))) < count:
        expect(time.monotonic() < deadline, f"{count} shards were not done in {WAIT_SECONDS} s")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)


def goes_on_after(signal_number):
    """A job that ended in the middle goes on; done shards are not done again."""
    def test():
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            write_rows(folder / "rows.csv", 24_000)
            common = ["--model", CANCER, "--input", folder / "rows.csv", *features(), "--shards", 8]
            output = folder / "out.csv"
            process = subprocess.Popen([BINARY, "score", *map(str, common), "--output", str(output), "--jobs", "1"],
                                       stderr=subprocess.DEVNULL)
            parts = pathlib.Path(f"{output}.scoring")
            wait_for_parts(process, parts, 2)
            process.send_signal(signal_number)
            process.wait()
            done = {path: path.stat().st_mtime_ns for path in parts.glob("part-*")}
            expect(2 <= len(done) < 8, f"{len(done)} shards were done")
            expect(not output.exists(), "a part of the output is there")
            refused = error_of(*common[:-1], 5, "--output", output)
            expect("number of shards (8)" in refused and "--restart" in refused, refused)
            # One more is done by hand, so that the parts can be looked at before they are joined.
            missing = next(shard for shard in range(8)
                           if not (parts / f"part-{shard:05}-of-00008.parquet").exists())
            score(*common, "--output", output, "--shard", missing)
            expect(all(path.stat().st_mtime_ns == then for path, then in done.items()), "a shard was done again")
            score(*common, "--output", output)
            score(*common[:-2], "--output", folder / "whole.csv", "--shards", 1)
            expect(output.read_bytes() == (folder / "whole.csv").read_bytes(), "the file is another one")
    return test


def goes_on_when_the_program_is_replaced():
    """An upgrade that puts another program at its path, which the shards that are left must not be started from."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder / "rows.csv", 3_000)
        program = folder / "millwright"
        shutil.copy(BINARY, program)
        common = ["--model", CANCER, "--input", folder / "rows.csv", *features()]
        output = folder / "out.csv"
        process = subprocess.Popen([program, "score", *map(str, common), "--shards", "12", "--jobs", "1", "--output",
                                    str(output)], stderr=subprocess.PIPE, text=True)
        parts = pathlib.Path(f"{output}.scoring")
        wait_for_parts(process, parts, 2)
        process.send_signal(signal.SIGSTOP)
        replace_by_another(program)
        left = 12 - len(list(parts.glob("part-*")))
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate()
        expect(process.returncode == 0, f"{said}")
        expect(left > 2, f"only {left} shards were left when the program was replaced")
        score(*common, "--output", folder / "whole.csv", "--shards", 1)
        expect(output.read_bytes() == (folder / "whole.csv").read_bytes(), "the file is another one")


def keeps_to_the_version_it_began_with():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_rows(folder / "rows.csv", 100)
        with Server(BINARY, folder / "data") as server:
            register(server, "cancer")
            register(server, "cancer")
            alias = {"name": "cancer", "alias": "champion"}
            server.mlflow("registered-models/alias", {**alias, "version": "1"})
            common = ["--model", "models:/cancer@champion", "--output", folder / "out.csv"]
            environment = {"MILLWRIGHT_URI": server.uri}
            score(*common, "--input", folder / "rows.csv", *features(), "--shards", 2, "--shard", 1,
                  environment=environment)
            server.mlflow("registered-models/alias", {**alias, "version": "2"})
        done = score(*common)  # the server is gone
        expect(json.loads(done.stdout)["model"] == "models:/cancer/1", done.stdout)


def says_what_cannot_be_done():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = write_rows(folder / "rows.csv", 3_000, bad=2_345)
        output = folder / "out.parquet"
        common = ["--model", CANCER, "--output", output]
        refusals = [
            ([*common, "--input", rows, *features(), "--shards", 2], "column f4 is text because of row 2346: much"),
            ([*common, "--input", rows, *features(), "--shards", 1], "expected FP32, got string"),
            ([*common, "--input", rows], "by position only and the input has 31"),
            ([*common, "--input", rows, "--features", "f1,f2"], "takes 30 columns, --features names 2"),
            ([*common, "--input", rows, "--features", "f1,x"], "no column x"),
            ([*common, "--input", rows, "--keep", "y"], "no column y"),
            ([*common, "--input", folder / "absent.csv"], "absent.csv"),
            ([*common, "--input", rows, "--shards", 3_001], "more than the 3000 rows"),
            ([*common], "--model and --input are needed"),
            (["--model", folder / "none.onnx", "--input", rows, "--output", output], "none.onnx"),
            (["--model", CREDIT, "--input", rows, "--output", output], "Missing columns"),
            (["--model", CANCER, "--input", rows, "--output", folder / "out.xlsx"], "extensions"),
        ]
        for words, message in refusals:
            said = error_of(*words)
            expect(message in said, f"{words}: {said}")
            left = sorted(path.name for path in folder.iterdir())
            expect(left == ["rows.csv"], f"{words} left {left}")
        rows = write_rows(folder / "rows.csv", 100)
        score(*common, "--input", rows, *features(), "--shards", 2, "--shard", 0)
        write_rows(folder / "rows.csv", 99)
        expect(f"The input was changed since the scoring began, say --restart to score it anew: {rows}" in error_of(*common),
               error_of(*common))
        score(*common, "--input", rows, *features(), "--restart")
        expect("already exists" in error_of(*common, "--input", rows), "an output was replaced")
        score(*common, "--input", rows, *features(), "--overwrite")


def wrong_columns_are_named_as_the_model_names_them():
    """By what is asked of an endpoint and by what scores here."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        rows = read(ROOT / "examples/score/applicants.csv")
        for name, changes in (("wrong", {"Job": "job", "Home": "home"}), ("right", {})):
            with open(folder / f"{name}.csv", "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([changes.get(column, column) for column in rows[0]])
                writer.writerows(list(row.values()) for row in rows)
        claim = "Missing columns: Home, Job; unknown columns: id, home, job"
        said = error_of("--model", CREDIT, "--input", folder / "wrong.csv", "--output", folder / "out.csv")
        expect(claim in said, said)
        with Server(BINARY, folder / "data") as server:
            version = register(server, "credit", "credit_columns")
            answer = server.post("/api/v1/endpoints", {"name": "credit", "model": "credit", "version": version})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            refused = server.cli("predict", "credit", "--data", str(folder / "wrong.csv"), check=False)
            expect(refused.returncode != 0 and claim in refused.stderr, f"{refused.returncode} {refused.stderr}")
            done = server.cli("predict", "credit", "--data", str(folder / "right.csv"), "--json")
            expect(json.loads(done.stdout)["rows"] == len(rows), done.stdout[:300])
            # A row is told by its number in the file, whatever request it was in.
            with open(folder / "long.csv", "w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(rows[0])
                for row in range(1, 701):
                    changed = {"Home": ""} if row == 600 else {}
                    writer.writerow(list({**rows[row % len(rows)], **changed}.values()))
            refused = server.cli("predict", "credit", "--data", str(folder / "long.csv"), check=False)
            expect("Row 600 of " in refused.stderr and "Column Home must not be missing" in refused.stderr, refused.stderr)
            text = (folder / "right.csv").read_text().replace(",48,", ",four,", 1)
            (folder / "text.csv").write_text(text)
            refused = server.cli("predict", "credit", "--data", str(folder / "text.csv"), check=False)
            expect("column Time is text because of row 2: four" in refused.stderr, refused.stderr)
            # A model server has no endpoints, and is asked all the same.
            with ModelServer(BINARY, f"credit={CREDIT}") as models:
                asked = ("predict", "--uri", f"http://127.0.0.1:{models.port}", "--json")
                again = server.cli(*asked, "credit", "--data", str(folder / "right.csv"))
                expect(json.loads(again.stdout) == json.loads(done.stdout), again.stdout[:300])
                refused = server.cli(*asked, "credit", "--data", str(folder / "wrong.csv"), check=False)
                expect("Missing columns: " in refused.stderr, refused.stderr)
                refused = server.cli(*asked, "nobody", "--data", str(folder / "right.csv"), check=False)
                expect("Model not found: nobody" in refused.stderr, refused.stderr)
            # By position, where the model's columns have no names.
            version = register(server, "cancer")
            answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version})
            expect(answer.status == 200, f"{answer.status} {answer.body}")
            with open(folder / "cancer.csv", "w", newline="") as file:
                csv.writer(file).writerows([FEATURES, row_of(1), row_of(2)])
            done = server.cli("predict", "cancer", "--data", str(folder / "cancer.csv"), "--json")
            expect(json.loads(done.stdout)["rows"] == 2, done.stdout[:300])
            refused = server.cli("predict", "cancer", "--data", str(folder / "right.csv"), check=False)
            expect("Expected 30 columns, got 14" in refused.stderr, refused.stderr)


def a_python_model_scores_in_its_worker():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        python_models.train(folder / "iris")
        (folder / "rows.csv").write_text("sepal_length,sepal_width,petal_length,petal_width\n"
                                         "5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n")
        score("--model", folder / "iris", "--input", folder / "rows.csv", "--output", folder / "out.csv",
              "--keep", "none", environment=python_models.ENVIRONMENT)
        expect([row["label"] for row in read(folder / "out.csv")] == ["setosa", "virginica"],
               (folder / "out.csv").read_text())


run_tests([("the same numbers as online", same_numbers_as_online),
           ("any cut gives the same file", any_cut_gives_the_same_file),
           ("texts stay as they are written", texts_stay_as_they_are_written),
           ("goes on after Ctrl-C", goes_on_after(signal.SIGINT)),
           ("goes on after kill -9", goes_on_after(signal.SIGKILL)),
           ("goes on when the program is replaced", goes_on_when_the_program_is_replaced),
           ("keeps to the version it began with", keeps_to_the_version_it_began_with),
           ("says what cannot be done", says_what_cannot_be_done),
           ("wrong columns are named as the model names them", wrong_columns_are_named_as_the_model_names_them),
           ("a Python model scores in its worker", a_python_model_scores_in_its_worker)])
