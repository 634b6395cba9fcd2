"""`millwright drift` on real files, by the real binary: answers, pages and exit statuses."""
import csv
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness.millwright import expect, run_tests  # noqa: E402

STATS = ROOT / "tests/data/stats"
JANUARY, FEBRUARY, JUNE = (STATS / f"flights_{month}.csv.gz" for month in ("jan", "feb", "jun"))
METRICS = ROOT / "tests/data/metrics"
DRIFTED = 3


class Drift:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)

    def run(self, *words, status=0, environment=None):
        done = subprocess.run([self.binary, "drift", *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              env={**os.environ, **(environment or {})})
        expect(done.returncode == status, f"{words} ended with {done.returncode}, not {status}:\n{done.stdout}{done.stderr}")
        return done

    def json(self, *words, status=0):
        return json.loads(self.run(*words, "--json", status=status).stdout)

    def halves(self):
        """The rows of January, drawn into two files by turns."""
        with gzip.open(JANUARY, "rt") as file:
            rows = list(csv.reader(file))
        for name, part in (("even.csv", rows[1::2]), ("odd.csv", rows[2::2])):
            with open(self.folder / name, "w", newline="") as out:
                csv.writer(out).writerows([rows[0], *part])
        return "even.csv", "odd.csv"


def chunks_have_figures_and_bounds(drift):
    answer = drift.json("chunks", JANUARY, FEBRUARY, "--chunk-rows", 5000, "--categorical", "hour", "--figure", "unseen_share",
                        "--figure", "mean")
    current = [chunk for chunk in answer["chunks"] if chunk["period"] == "analysis"]
    expect(len(current) == 5 and answer["alerts"] > 0, answer)
    figures = {(f["column"], f["figure"]): f for f in current[-1]["figures"]}
    expect(figures["destination", "unseen_share"]["alert"] and figures["destination", "unseen_share"]["upper"] == 0, figures)
    expect(("hour", "mean") not in figures and ("delay", "mean") in figures, sorted(figures))
    drift.run("chunks", JANUARY, FEBRUARY, "--chunk-rows", 5000, "--fail", status=DRIFTED)
    # A file against itself is within its own bounds, but for what hardly varies.
    same = drift.json("chunks", JANUARY, JANUARY, "--chunks", 4, "--figure", "kolmogorov_smirnov")
    expect(same["alerts"] == 0, same["alerts"])
    daily = drift.json("chunks", STATS / "flights_training.csv.gz", STATS / "flights_training.csv.gz", "--time", "ts",
                       "--period", "month", "--column", "distance", "--figure", "mean")
    expect([chunk["chunk"] for chunk in daily["chunks"]][:3] == ["2001-01-01", "2001-02-01", "2001-03-01"], daily["chunks"][:3])
    refused = drift.run("chunks", JANUARY, FEBRUARY, "--figure", "psy", status=1)
    expect("There is no figure psy" in refused.stderr + refused.stdout, refused)


def a_classifier_tells_months_apart_and_not_halves(drift):
    even, odd = drift.halves()
    words = ("--rows-max", 3000, "--fail")
    same = drift.json("classify", even, odd, *words)["chunks"][0]
    expect(not same["drifted"] and abs(same["roc_auc"] - 0.5) < 0.05, same)
    june = drift.json("classify", JANUARY, JUNE, *words, status=DRIFTED)["chunks"][0]
    expect(june["drifted"] and june["lower"] > 0.5 and june["columns"], june)
    expect(june == drift.json("classify", JANUARY, JUNE, *words, status=DRIFTED)["chunks"][0], "the same every time")
    few = drift.json("classify", JANUARY, JUNE, "--rows-max", 100)["chunks"][0]
    expect(few["status"] == "not_enough_data" and few["roc_auc"] is None, few)


def a_report_looks_at_all_columns_together(drift):
    words = ("--together", "--html", "page.html", "--fail")
    answer = drift.json("compare", JANUARY, JUNE, *words, status=DRIFTED)
    together = answer["together"]
    expect(together["domain_classifier"]["drifted"] and answer["drifted"], together)
    expect(len([c for c in together["reconstruction"]["chunks"] if c["period"] == "analysis"]) == 20, together["reconstruction"])
    page = (drift.folder / "page.html").read_text()
    expect("All columns together" in page and "told apart" in page, page[:500])
    expect("together" not in drift.json("compare", JANUARY, JUNE), "only where asked")
    drift.run("reference", JANUARY, "--output", "january.json")
    refused = drift.run("compare", "january.json", JUNE, "--together", status=1)
    expect("needs the rows of the reference" in refused.stderr + refused.stdout, refused)


def losses_are_learnt_by_trees_or_a_plane(drift):
    hotel = METRICS / "regression_hotel.csv.gz"
    words = ("estimate", hotel, hotel, "--truth", "y_true", "--prediction", "y_pred", "--feature", "lead_time", "--feature", "adults",
             "--chunk-rows", 5000)
    trees, plane = drift.json(*words), drift.json(*words, "--loss-model", "linear")
    for answer in (trees, plane):
        for chunk in answer["chunks"]:
            mae = chunk["figures"]["mae"]
            expect(0.6 < mae["estimated"] / mae["realised"] < 1.6, (chunk["chunk"], mae))
    expect(trees["chunks"] != plane["chunks"], "they differ")
    drift.run(*words, "--loss-model", "forest", status=1)
    # Without the library the plane still does.
    absent = {"MILLWRIGHT_XGBOOST_LIBRARY": "/nowhere/libxgboost.so"}
    drift.run(*words, status=1, environment=absent)
    drift.run(*words, "--loss-model", "linear", environment=absent)


def embeddings_are_points(drift):
    with gzip.open(METRICS / "multiclass_digits.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    for name, part in (("all.jsonl", rows), ("threes.jsonl", [row for row in rows if row["y_true"] == "3"])):
        with open(drift.folder / name, "w") as out:
            for row in part:
                print(json.dumps({"vector": [float(row[f"p{k}"]) for k in range(10)], "truth": row["y_true"]}), file=out)
    answer = drift.json("embeddings", "all.jsonl", "threes.jsonl", "--column", "vector", "--fail-on", "mean_distance", status=DRIFTED)
    methods = {method["method"]: method for method in answer["methods"]}
    expect(answer["dimensions"] == 10 and set(methods) == {"mean_distance", "euclidean", "cosine", "mmd", "components", "classifier"},
           answer)
    expect(all(methods[name]["drifted"] for name in ("mean_distance", "mmd", "components", "classifier")), methods)
    drift.run("embeddings", "all.jsonl", "threes.jsonl", "--column", "truth", status=1)
    # In a report they are a column like others, also against what was saved.
    saved = drift.json("reference", "all.jsonl", "--output", "all.json")
    expect(saved["features"] == 2, saved)
    compared = drift.json("compare", "all.json", "threes.jsonl", "--rows-min", 100)
    features = {feature["name"]: feature for feature in compared["features"]}
    expect(features["vector:embedding"]["method"] == "mean_distance" and features["vector:embedding"]["drifted"], features)
    raised = drift.json("compare", "all.json", "threes.jsonl", "--rows-min", 100, "--threshold", "vector:embedding=5")
    expect(not next(f for f in raised["features"] if f["name"] == "vector:embedding")["drifted"], raised)


def main():
    with tempfile.TemporaryDirectory() as folder:
        drift = Drift(os.path.abspath(sys.argv[1]), folder)
        run_tests([(test.__name__, lambda test=test: test(drift)) for test in (
            chunks_have_figures_and_bounds, a_classifier_tells_months_apart_and_not_halves,
            a_report_looks_at_all_columns_together, losses_are_learnt_by_trees_or_a_plane, embeddings_are_points)])


main()
