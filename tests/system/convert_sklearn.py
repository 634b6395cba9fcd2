#!/usr/bin/env python3
"""Pipelines of Debian's scikit-learn become ONNX that answers as they do, on rows of real tables.

usage: convert_sklearn.py BINARY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import python_models  # noqa: E402
from harness.millwright import ROOT, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
EXPORT = ROOT / "examples/sklearn/export.py"
TABLES = ROOT / "tests/data/tables"
MODELS = ROOT / "tests/data/models"
ROWS_A_REQUEST = 500

# Keeps a fitted model as a folder, with the rows that it is asked for and what it says of them.
KEEP = """
import json, pickle
def keep(folder, model, rows):
    folder.mkdir()
    pickle.dump(model, open(folder / "model.pkl", "wb"))
    texts = [column for column in rows if rows[column].dtype == object]
    (folder / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}\\nsignature: {inputs: '" + json.dumps(
        [{"name": column, "type": "string" if column in texts else "double"} for column in rows]) + "'}")
    rows.to_csv(folder / "rows.csv", index=False)
    answer = {"label": model.predict(rows).tolist(), "probabilities": model.predict_proba(rows).ravel().tolist()} \\
        if hasattr(model, "classes_") else {"variable": model.predict(rows).tolist()}
    (folder / "answer.json").write_text(json.dumps(answer))
    values = {column: ["" if type(value) != str else value for value in rows[column]] if column in texts else
              [None if value != value else value for value in rows[column].tolist()] for column in rows}
    (folder / "columns.json").write_text(json.dumps(values))
"""

# Trains every estimator that is covered on the irises.
IRIS = KEEP + """
import sys, pathlib, pandas
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn import ensemble, linear_model, svm, tree
folder = pathlib.Path(sys.argv[1])
X, y = load_iris(return_X_y=True, as_frame=True)
X = X.astype("float32")
two, names = (y > 1).astype(int), y.map({0: "a", 1: "b", 2: "c"}).to_numpy()
scaled = lambda model: make_pipeline(StandardScaler(), model)
logistic = linear_model.LogisticRegression
models = {"logistic": (scaled(logistic(max_iter=500)), y), "logistic2": (scaled(logistic()), two),
          "logistic_names": (scaled(logistic(max_iter=500)), names),
          "liblinear": (scaled(logistic(solver="liblinear")), names),
          "ovr": (scaled(logistic(multi_class="ovr")), names),
          "multinomial2": (scaled(logistic(multi_class="multinomial")), two),
          "logistic_cv": (scaled(linear_model.LogisticRegressionCV(cv=3, max_iter=500)), names),
          "linear": (linear_model.LinearRegression(), y), "ridge": (scaled(linear_model.Ridge()), y),
          "ridge_cv": (linear_model.RidgeCV(), y), "lasso": (linear_model.Lasso(0.01), y),
          "lasso_cv": (linear_model.LassoCV(), y), "elastic": (linear_model.ElasticNet(0.01), y),
          "elastic_cv": (linear_model.ElasticNetCV(), y), "sgd": (scaled(linear_model.SGDRegressor(random_state=1)), y),
          "huber": (linear_model.HuberRegressor(max_iter=1000), y), "svr": (svm.LinearSVR(max_iter=100000), y),
          "poisson": (linear_model.PoissonRegressor(), y), "gamma": (linear_model.GammaRegressor(), y + 1),
          "tree": (tree.DecisionTreeClassifier(max_depth=4), names),
          "tree_r": (tree.DecisionTreeRegressor(max_depth=4), y),
          "extra_tree": (tree.ExtraTreeClassifier(max_depth=4, random_state=1), names),
          "extra_tree_r": (tree.ExtraTreeRegressor(max_depth=4, random_state=1), y),
          "forest": (ensemble.RandomForestClassifier(20, random_state=1), names),
          "forest2": (ensemble.RandomForestClassifier(20, random_state=1), two),
          "forest_r": (ensemble.RandomForestRegressor(20, random_state=1), y),
          "extra": (ensemble.ExtraTreesClassifier(20, random_state=1), y),
          "extra_r": (ensemble.ExtraTreesRegressor(20, random_state=1), y),
          "boosting": (ensemble.GradientBoostingClassifier(n_estimators=20, random_state=1), names),
          "boosting2": (ensemble.GradientBoostingClassifier(n_estimators=20, random_state=1), two),
          "boosting_r": (ensemble.GradientBoostingRegressor(n_estimators=20, random_state=1), y),
          "hist": (ensemble.HistGradientBoostingClassifier(max_iter=20), names),
          "hist2": (ensemble.HistGradientBoostingClassifier(max_iter=20), two),
          "hist_r": (ensemble.HistGradientBoostingRegressor(max_iter=20), y),
          "hist_poisson": (ensemble.HistGradientBoostingRegressor(max_iter=20, loss="poisson"), y),
          "min_max": (make_pipeline(MinMaxScaler((-1, 2), clip=True), logistic(max_iter=500)), names),
          "max_abs": (make_pipeline(MaxAbsScaler(), logistic(max_iter=500)), names),
          "robust": (make_pipeline(RobustScaler(), logistic(max_iter=500)), names),
          "pca": (make_pipeline(PCA(2, whiten=True), logistic()), names),
          "svd": (make_pipeline(TruncatedSVD(2, random_state=1), logistic()), names),
          "selected": (make_pipeline(VarianceThreshold(), SelectKBest(k=2), logistic()), names),
          "union": (make_pipeline(make_union(PCA(2), make_pipeline(StandardScaler(), SelectKBest(k=1))), logistic()), names),
          "search": (GridSearchCV(scaled(logistic(max_iter=500)), {"logisticregression__C": [1, 10]}, cv=3), names)}
for name, (model, target) in models.items():
    keep(folder / name, model.fit(X, target), X)
print(" ".join(models))
"""

# Trains pipelines on a table with texts and missing values; writes what each says of its rows.
PIPELINES = KEEP + """
import sys, pathlib, pandas
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
folder, tables = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
credit, penguins = pandas.read_csv(tables / "credit_scoring.csv"), pandas.read_csv(tables / "penguins.csv")
number, text = credit.columns[[1, 3, 4, 8, 9, 10, 11, 12, 13]], ["Home", "Marital", "Records", "Job"]
bad, bill = credit.Status, ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
filled = lambda **options: SimpleImputer(strategy="most_frequent", **options)
scale = lambda: make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
hist = lambda **options: HistGradientBoostingClassifier(max_iter=40, random_state=1, **options)
by_place = lambda count: [i < count for i in range(count + 9)]
models = {
    "one_hot": (credit, bad, make_pipeline(make_column_transformer(
        (scale(), number), (OneHotEncoder(handle_unknown="ignore"), text)), LogisticRegression(max_iter=2000))),
    "filled": (credit, bad, make_pipeline(make_column_transformer(
        (scale(), number), (make_pipeline(filled(), OneHotEncoder(drop="if_binary")), text)), LogisticRegression(max_iter=2000))),
    "constant": (credit, bad, make_pipeline(make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OneHotEncoder(drop="first")), text),
        (make_pipeline(SimpleImputer(strategy="mean"), MinMaxScaler()), number)), RandomForestClassifier(30, random_state=1))),
    "ordinal": (credit, bad, make_pipeline(make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), text), remainder="passthrough"),
        hist(categorical_features=by_place(4)))),
    "ordinal_filled": (credit, bad, make_pipeline(make_column_transformer(
        (make_pipeline(filled(), OrdinalEncoder()), text), (SimpleImputer(), number)), RandomForestClassifier(30, random_state=1))),
    "amount": (credit.drop(columns="Amount"), credit.Amount, make_pipeline(make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), text), (scale(), [name for name in number if name != "Amount"])), Ridge())),
    "missing_numbers": (credit[number], bad, hist()),
    "poisson": (credit[number].drop(columns="Amount"), credit.Amount, HistGradientBoostingRegressor(loss="poisson", max_iter=20)),
    "numbers_as_categories": (credit[number], bad, make_pipeline(make_column_transformer(
        (OneHotEncoder(), ["Time"]), (OrdinalEncoder(encoded_missing_value=-2, handle_unknown="use_encoded_value", unknown_value=-1), ["Debt"]),
        (OneHotEncoder(handle_unknown="ignore"), ["Assets"]), remainder=scale()), LogisticRegression(max_iter=4000))),
    "penguins": (penguins, penguins.species, make_pipeline(ColumnTransformer([
        ("places", OneHotEncoder(), ["island"]), ("sexes", OneHotEncoder(), ["sex"]), ("bills", scale(), bill),
        ("years", "passthrough", ["year"]), ("rest", "drop", ["species"])]), LogisticRegression(max_iter=4000))),
    "penguin_trees": (penguins.drop(columns="species"), penguins.species, make_pipeline(make_column_transformer(
        (OrdinalEncoder(), ["island"]), (OrdinalEncoder(), ["sex"]), remainder="passthrough"), hist(categorical_features=[0]))),
}
for name, (rows, target, model) in models.items():
    rows = rows[[column for column in rows if column != "Status"]]
    keep(folder / name, model.fit(rows, target), rows)
print(" ".join(models))
"""


# Runs the example for many models; says of each why it was refused, if it was.
EXPORT_ALL = """
import runpy, sys
export, *paths = sys.argv[1:]
for model, document in zip(paths[::2], paths[1::2]):
    sys.argv = [export, model, document]
    try:
        runpy.run_path(export)
        print()
    except SystemExit as error:
        print(error)
"""


def convert(models, prelude=""):
    """Exports pickles and converts the exports to the files that `models` names; returns each one's refusal or ""."""
    paths = [path for target, model in models.items() for path in (model, target.with_suffix(".json"))]
    refusals = python_models.run(prelude + EXPORT_ALL, EXPORT, *paths).splitlines()
    for index, target in enumerate(models):
        if refusals[index]:
            continue
        done = subprocess.run([BINARY, "models", "convert", target.with_suffix(".json"), target],
                              capture_output=True, text=True, check=False)
        refusals[index] = "" if done.returncode == 0 else done.stderr
    return dict(zip(models, refusals))


def convert_all(models, prelude=""):
    for target, why in convert(models, prelude).items():
        expect(not why, f"{target.name}: {why}")


def parity(original, converted, rows, *options):
    done = subprocess.run([BINARY, "models", "parity", original, converted, "--json", "--data", rows, *options],
                          capture_output=True, text=True, check=False,
                          env={**os.environ, **python_models.ENVIRONMENT})
    expect(done.stdout, f"{converted.name}: {done.stderr}")
    return done.returncode, json.loads(done.stdout)


def converts_every_estimator():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        names = python_models.run(IRIS, scratch).split()
        convert_all({scratch / f"{name}.onnx": scratch / name / "model.pkl" for name in names})
        with ModelServer(BINARY, *(f"{name}={scratch / name}.onnx" for name in names)) as server:
            for name in names:
                check_answers(server, name, scratch / name)
        # The command asks the pickle itself, in a worker.
        status, answer = parity(scratch / "forest", scratch / "forest.onnx", scratch / "forest" / "rows.csv")
        expect(status == 0 and answer["rows"] == 150 and answer["differing_labels"] == 0, f"{answer}")
        expect(all(output["elements"] for output in answer["outputs"]), f"{answer}")


def inputs_for(server, model, columns, first, last):
    """Rows as the converted model's inputs: a column each, or all numbers as X."""
    answer = server.get(f"/v2/models/{model}")
    expect(answer.status == 200, f"{answer.body}")
    metadata = answer.json()
    count, inputs = last - first, []
    for spec in metadata["inputs"]:
        if spec["name"] == "X":
            data = [value for row in zip(*(values[first:last] for values in columns.values())) for value in row]
            inputs.append({"name": "X", "datatype": "FP32", "shape": [count, len(columns)], "data": data})
        else:
            inputs.append({"name": spec["name"], "datatype": spec["datatype"], "shape": [count, 1],
                           "data": columns[spec["name"]][first:last]})
    return inputs


def is_tie(probabilities):
    """Whether the rounding of sums decides between two classes: trees of a forest that are of two minds."""
    second, first = sorted(probabilities)[-2:]
    return first - second < 1e-6


def check_answers(server, name, folder):
    columns = json.loads((folder / "columns.json").read_text())
    expected = json.loads((folder / "answer.json").read_text())
    rows = len(next(iter(columns.values())))
    expect(rows in (150, 344, 4454), f"{name}: {rows} rows")
    seen = {output: [] for output in expected}
    for first in range(0, rows, ROWS_A_REQUEST):
        outputs = server.infer(name, inputs_for(server, name, columns, first, min(rows, first + ROWS_A_REQUEST)))
        for output in expected:
            seen[output] += outputs[output]["data"]
    for output, values in expected.items():
        expect(len(values) == len(seen[output]), f"{name}: {output} has {len(seen[output])} values")
        if output == "label":
            width = len(expected["probabilities"]) // rows
            differing = [row for row, (one, other) in enumerate(zip(values, seen[output])) if one != other
                         and not is_tie(expected["probabilities"][row * width:(row + 1) * width])]
            expect(not differing, f"{name}: labels of rows {differing[:5]} differ")
        else:
            worst = max(abs(one - other) / max(1, abs(one)) for one, other in zip(values, seen[output]))
            expect(worst < 1e-5, f"{name}: {output} differs by {worst}")


def converts_pipelines_of_texts_and_missing_values():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        names = python_models.run(PIPELINES, scratch, TABLES).split()
        convert_all({scratch / f"{name}.onnx": scratch / name / "model.pkl" for name in names})
        with ModelServer(BINARY, *(f"{name}={scratch / name}.onnx" for name in names)) as server:
            for name in names:
                check_answers(server, name, scratch / name)
            refuses_unknown_categories(server, scratch)
        # The command compares columns of texts too. The worker gets a missing text as "", which the
        # pickle takes for a category of its own.
        status, answer = parity(scratch / "one_hot", scratch / "one_hot.onnx", scratch / "one_hot" / "rows.csv",
                                "--where", "Home IS NOT NULL AND Marital IS NOT NULL AND Job IS NOT NULL")
        expect(status == 0 and answer["rows"] == 4446, f"{status} {answer}")
        # Nothing but the labels differs: the status says so.
        status, answer = parity(scratch / "one_hot.onnx", scratch / "filled.onnx", scratch / "one_hot" / "rows.csv", "--max", "1")
        expect(status == 99 and answer["differing_labels"] > 0, f"{status} {answer}")


def refuses_unknown_categories(server, scratch):
    columns = json.loads((scratch / "filled" / "columns.json").read_text())
    inputs = inputs_for(server, "filled", columns, 0, 1)
    job = next(one for one in inputs if one["name"] == "Job")
    job["data"] = ["never seen"]
    status, answer = server.ask("filled", {"inputs": inputs}, "/v2/models/{}/infer")
    expect(status == 400 and "Input Job: a category that the model does not know" in str(answer), f"{status} {answer}")
    job["data"] = [""]
    status, answer = server.ask("filled", {"inputs": inputs}, "/v2/models/{}/infer")
    expect(status == 200, f"{status} {answer}")


def agrees_with_the_vectors_of_other_versions():
    """Pickles of scikit-learn 1.4.2, exported with Debian's 1.2.1, against what 1.4.2 answered."""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        # They were written with NumPy 2, which calls a module by another name.
        convert_all({scratch / f"{name}.onnx": MODELS / "pickles" / f"{name}.pkl"
                     for name in ("breast_cancer_pipeline", "credit_pipeline")},
                    "import sys, numpy.core.multiarray\nsys.modules['numpy._core'] = numpy.core\n"
                    "sys.modules['numpy._core.multiarray'] = numpy.core.multiarray\n")
        with ModelServer(BINARY, *(f"{name}={scratch / name}.onnx"
                                   for name in ("breast_cancer_pipeline", "credit_pipeline"))) as server:
            vectors = json.loads((MODELS / "pickles/breast_cancer_pipeline.vectors.json").read_text())
            data = [value for row in vectors["inputs"] for value in row]
            outputs = server.infer("breast_cancer_pipeline", [
                {"name": "X", "datatype": "FP32", "shape": [len(vectors["inputs"]), 30], "data": data}])
            expect(outputs["label"]["data"] == vectors["predict"], f"{outputs}")
            check_close(outputs["probabilities"]["data"], sum(vectors["predict_proba"], []), 1e-5)
            vectors = json.loads((MODELS / "credit_columns/vectors.json").read_text())
            for case in vectors["cases"]:
                outputs = server.infer("credit_pipeline", case["request"]["inputs"])
                for expected in case["expected_original"]["outputs"]:
                    check_close(outputs[expected["name"]]["data"], expected["data"], vectors["tolerance_abs"])


def check_close(seen, expected, tolerance):
    expect(len(seen) == len(expected), f"{len(seen)} of {len(expected)} values")
    worst = max(abs(one - other) for one, other in zip(seen, expected))
    expect(worst <= tolerance, f"differs by {worst}")


REFUSED = """
import sys, pathlib, pickle
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, OneHotEncoder
from sklearn.impute import SimpleImputer
from sklearn import ensemble, linear_model, neighbors
folder = pathlib.Path(sys.argv[1])
X, y = load_iris(return_X_y=True)
models = {"KNeighborsClassifier": neighbors.KNeighborsClassifier(),
          "PolynomialFeatures": make_pipeline(PolynomialFeatures(), linear_model.Ridge()),
          "SimpleImputer": make_pipeline(SimpleImputer(add_indicator=True), linear_model.Ridge()),
          "OneHotEncoder": make_pipeline(OneHotEncoder(min_frequency=10), linear_model.Ridge()),
          "GradientBoostingClassifier": ensemble.GradientBoostingClassifier(init=linear_model.LogisticRegression(max_iter=500)),
          "RidgeClassifier": linear_model.RidgeClassifier(), "Ridge": linear_model.Ridge()}
for name, model in models.items():
    target = [[one, one] for one in y] if name == "Ridge" else y
    pickle.dump(model.fit(X, target), open(folder / f"{name}.pkl", "wb"))
print(" ".join(models))
"""


def refuses_by_name():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        names = python_models.run(REFUSED, scratch).split()
        for target, why in convert({scratch / f"{name}.onnx": scratch / f"{name}.pkl" for name in names}).items():
            expect(target.stem in why and "cannot be" in why, f"{target.stem}: {why}")
            expect(not target.exists(), f"{target.stem}: half a model")


run_tests([("converts every estimator", converts_every_estimator),
           ("converts pipelines of texts and missing values", converts_pipelines_of_texts_and_missing_values),
           ("agrees with the vectors of other versions", agrees_with_the_vectors_of_other_versions),
           ("refuses by name", refuses_by_name)])
