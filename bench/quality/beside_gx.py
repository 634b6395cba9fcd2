#!/usr/bin/env python3
"""The suite of quality_checks by Great Expectations with pandas, beside `millwright quality validate`.

usage: beside_gx.py MILLWRIGHT FOLDER

FOLDER has what `quality_checks ROWS ROUNDS FOLDER` leaves there. Runs where `import great_expectations` (1.x) works;
reading the file is not measured for Great Expectations, which gets a data frame, and is for Millwright.
"""
import json
import pathlib
import subprocess
import sys
import time
import warnings

warnings.simplefilter("ignore")

import great_expectations as gx  # noqa: E402
import pandas  # noqa: E402
from great_expectations.expectations.registry import get_expectation_impl  # noqa: E402

ROUNDS = 3


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    millwright, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    rows = pandas.read_csv(folder / "table.csv")
    context = gx.get_context(mode="ephemeral")
    suite = gx.ExpectationSuite(name="checks")
    for one in json.loads((folder / "suite.json").read_text())["expectations"]:
        suite.add_expectation(get_expectation_impl(one["type"])(**one["kwargs"]))
    suite = context.suites.add(suite)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    results = []
    theirs = min(seconds_of(lambda: results.append(batch.validate(suite, result_format="SUMMARY"))) for _ in range(ROUNDS))
    failed = [one.expectation_config.type for one in results[-1].results if not one.success]
    print(f"Great Expectations {gx.__version__}: {theirs:.2f} s, {results[-1].statistics['evaluated_expectations']} checks of "
          f"{len(rows)} rows" + (f"; not met: {failed}" if failed else ""))
    for file in ("table.parquet", "table.csv"):
        command = [millwright, "quality", "validate", folder / file, "--suite", folder / "suite.json", "--json"]
        ours = min(seconds_of(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                                                     stderr=subprocess.DEVNULL)) for _ in range(ROUNDS))
        print(f"millwright quality validate {file}, from the start of the process: {ours:.2f} s; ratio {theirs / ours:.1f}")


main()
