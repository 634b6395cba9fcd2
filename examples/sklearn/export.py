#!/usr/bin/env python3
"""Writes what a fitted scikit-learn model holds as JSON, for `millwright models convert`.

usage: export.py MODEL.pkl MODEL.json

It needs scikit-learn and nothing else, and it unpickles the model: run it where you trust the file.
"""
import json
import pickle
import sys

import numpy
import sklearn

SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")
SELECTORS = ("VarianceThreshold", "SelectKBest", "SelectPercentile", "SelectFromModel")


def refuse(step, why):
    sys.exit(f"{type(step).__name__} {why} cannot be exported")


def plain(value):
    """A number or a text; None where it is missing."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or value != value or type(value).__name__ == "NAType":
        return None
    return value


def number(value):
    value = float(value)
    return ("-Infinity" if value < 0 else "Infinity") if abs(value) == float("inf") else plain(value)


def numbers(values):
    return [number(value) for value in values]


def export_scaler(step):
    name, count = type(step).__name__, step.n_features_in_
    mean, scale = numpy.zeros(count), numpy.ones(count)
    if name == "MinMaxScaler":
        exported = {"factor": numbers(step.scale_), "offset": numbers(step.min_)}
        return {**exported, "clip": numbers(step.feature_range)} if step.clip else exported
    if name == "StandardScaler":
        mean = step.mean_ if step.with_mean else mean
        scale = step.scale_ if step.with_std else scale
    else:
        mean = step.center_ if getattr(step, "with_centering", False) else mean
        scale = step.scale_ if getattr(step, "with_scaling", True) else scale
    return {"mean": numbers(mean), "scale": numbers(scale)}


def export_imputer(step):
    if step.add_indicator:
        refuse(step, "with add_indicator=True")
    return {"fill": [plain(value) for value in step.statistics_], "missing": plain(step.missing_values)}


def export_categories(step):
    if getattr(step, "_infrequent_enabled", False):
        refuse(step, "with min_frequency or max_categories")
    return [[plain(value) for value in categories] for categories in step.categories_]


def export_one_hot(step):
    dropped = [None] * len(step.categories_) if step.drop_idx_ is None else list(step.drop_idx_)
    return {"categories": export_categories(step), "dropped": [plain(index) for index in dropped],
            "unknown": "error" if step.handle_unknown == "error" else "ignore"}


def export_ordinal(step):
    unknown = None if step.unknown_value is None else number(step.unknown_value)
    return {"categories": export_categories(step), "unknown": step.handle_unknown, "unknown_value": unknown,
            "missing_value": number(getattr(step, "encoded_missing_value", float("nan")))}


def export_projection(step):
    components = step.components_
    if getattr(step, "whiten", False):
        components = components / numpy.sqrt(step.explained_variance_)[:, None]
    mean = getattr(step, "mean_", None)
    return {"mean": [0.0] * components.shape[1] if mean is None else numbers(mean), "components": components.tolist()}


def export_parts(step):
    if getattr(step, "transformer_weights", None):
        refuse(step, "with transformer_weights")
    if type(step).__name__ == "FeatureUnion":
        return {"parts": [{"steps": export_steps(one)} for _, one in step.transformer_list]}
    parts = []
    for name, transformer, _ in step.transformers_:
        columns = step._transformer_to_input_indices.get(name, [])
        if len(columns) and not (isinstance(transformer, str) and transformer == "drop"):
            parts.append({"columns": [int(column) for column in columns], "steps": export_steps(transformer)})
    return {"parts": parts}


def export_tree(estimator):
    tree = estimator.tree_
    if tree.n_outputs > 1:
        refuse(estimator, "of several targets")
    exported = {"children_left": tree.children_left.tolist(), "children_right": tree.children_right.tolist(),
                "feature": tree.feature.tolist(), "threshold": numbers(tree.threshold),
                "value": tree.value.reshape(tree.node_count, -1).tolist()}
    missing = getattr(tree, "missing_go_to_left", None)
    if missing is not None and any(missing):
        exported["missing_left"] = [bool(one) for one in missing]
    return exported


def values_of(bitset):
    return [value for value in range(32 * len(bitset)) if bitset[value // 32] >> (value % 32) & 1]


def export_grown_tree(predictor, known, place_of):
    """A tree of HistGradientBoosting. `known` are bitsets of the categories that a feature had."""
    nodes = predictor.nodes
    leaf = [bool(one) for one in nodes["is_leaf"]]
    categories = [None] * len(nodes)
    for index, node in enumerate(nodes):
        if not node["is_leaf"] and node["is_categorical"]:
            left = set(values_of(predictor.raw_left_cat_bitsets[node["bitset_idx"]]))
            every = set(values_of(known[place_of[node["feature_idx"]]]))
            categories[index] = {"left": sorted(left), "right": sorted(every - left)}
    return {"children_left": [-1 if one else int(node["left"]) for one, node in zip(leaf, nodes)],
            "children_right": [-1 if one else int(node["right"]) for one, node in zip(leaf, nodes)],
            "feature": [int(node["feature_idx"]) for node in nodes],
            "threshold": numbers(nodes["num_threshold"]), "value": [[float(one)] for one in nodes["value"]],
            "missing_left": [bool(one) for one in nodes["missing_go_to_left"]], "categories": categories}


def export_hist_boosting(step):
    loss = getattr(step, "_loss", None)
    link = {"IdentityLink": "identity", "LogLink": "log"}.get(type(getattr(loss, "link", None)).__name__)
    if hasattr(step, "classes_"):
        link = "identity" if step.loss in ("log_loss", "auto", "binary_crossentropy", "categorical_crossentropy") else None
    if link is None:
        refuse(step, f"with loss={step.loss}")
    if getattr(step, "_preprocessor", None) is not None:
        refuse(step, "with categories that are no numbers")
    known, place_of = step._bin_mapper.make_known_categories_bitsets()
    return {"base": numbers(numpy.ravel(step._baseline_prediction)), "learning_rate": 1.0, "link": link,
            "trees": [export_grown_tree(tree, known, place_of) for round in step._predictors for tree in round]}


def export_boosting(step):
    if step.init not in (None, "zero"):
        refuse(step, "that starts from a model of its own")
    if getattr(step, "loss", "") == "exponential":
        refuse(step, "with loss=exponential")
    # A constant, whatever the row.
    base = step._raw_predict_init(numpy.zeros((1, step.n_features_in_), numpy.float32))
    return {"base": numbers(base.ravel()), "learning_rate": step.learning_rate,
            "trees": [export_tree(tree) for round in step.estimators_ for tree in round]}


def export_linear(step):
    coef = numpy.atleast_2d(step.coef_)
    if not hasattr(step, "classes_") and len(coef) > 1:
        refuse(step, "of several targets")
    chosen = getattr(step, "multi_class", "auto")
    if chosen not in ("ovr", "multinomial"):
        release = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
        alone = ("liblinear", "newton-cholesky") if release < (1, 5) else ("liblinear",)
        chosen = "ovr" if len(coef) == 1 or getattr(step, "solver", "") in alone else "multinomial"
    intercept = numpy.broadcast_to(numpy.atleast_1d(step.intercept_), len(coef))
    return {"coef": coef.tolist(), "intercept": numbers(intercept), "multi_class": chosen}


def export_step(step):
    name = type(step).__name__
    exported = {"class": name}
    if hasattr(step, "classes_"):
        exported["classes"] = step.classes_.tolist()
    if name in SCALERS:
        exported.update(export_scaler(step))
    elif name in SELECTORS:
        exported["columns"] = [int(column) for column in step.get_support(indices=True)]
    elif name in ("ColumnTransformer", "FeatureUnion"):
        exported.update(export_parts(step))
    elif name in ("PCA", "TruncatedSVD"):
        exported.update(export_projection(step))
    elif name.startswith("HistGradientBoosting"):
        exported.update(export_hist_boosting(step))
    elif name.startswith("GradientBoosting"):
        exported.update(export_boosting(step))
    elif name in ("SimpleImputer", "OneHotEncoder", "OrdinalEncoder"):
        exported.update({"SimpleImputer": export_imputer, "OneHotEncoder": export_one_hot,
                         "OrdinalEncoder": export_ordinal}[name](step))
    elif name in ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"):
        exported["trees"] = [export_tree(step)]
    elif name in ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"):
        exported["trees"] = [export_tree(one) for one in step.estimators_]
    elif hasattr(step, "coef_") and hasattr(step, "intercept_"):
        exported.update(export_linear(step))
    else:
        sys.exit(f"{name} cannot be exported")
    return exported


def steps_of(model):
    """The steps of a pipeline, of pipelines in it too; what hands a table on as it is does not count."""
    model = getattr(model, "best_estimator_", model)
    if model is None or isinstance(model, str) and model == "passthrough":
        return []
    if type(model).__name__ == "FunctionTransformer" and model.func is None:
        return []
    if hasattr(model, "steps"):
        return [one for _, step in model.steps for one in steps_of(step)]
    return [model]


def export_steps(model):
    return [export_step(step) for step in steps_of(model)]


def find_texts(steps, columns, found):
    """Adds the columns in which the encoders and imputers that come first saw texts."""
    for step in steps:
        if "parts" in step:
            for part in step["parts"]:
                find_texts(part["steps"], [columns[i] for i in part.get("columns", range(len(columns)))], found)
            return
        values = step.get("categories") or [[value] for value in step.get("fill", [])]
        found.update(column for column, seen in zip(columns, values) if any(isinstance(one, str) for one in seen))
        if step["class"] != "SimpleImputer":
            return


def main():
    with open(sys.argv[1], "rb") as file:
        model = pickle.load(file)
    names = getattr(model, "feature_names_in_", None)
    steps, features, texts = export_steps(model), int(model.n_features_in_), set()
    find_texts(steps, list(range(features)), texts)
    document = {"format": "scikit-learn", "features": features, "texts": sorted(texts), "steps": steps,
                "feature_names": [] if names is None else [str(name) for name in names]}
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(document, file, allow_nan=False)


main()
