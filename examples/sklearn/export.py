#!/usr/bin/env python3
"""Writes what a fitted scikit-learn model holds as JSON, for `millwright models convert`.

usage: export.py MODEL.pkl MODEL.json

It unpickles the model: run it where you trust the file.
"""
import json
import pickle
import sys


def export_tree(estimator):
    tree = estimator.tree_
    return {"children_left": tree.children_left.tolist(), "children_right": tree.children_right.tolist(),
            "feature": tree.feature.tolist(), "threshold": tree.threshold.tolist(),
            "value": tree.value.reshape(tree.node_count, -1).tolist()}


def export_step(step):
    exported = {"class": type(step).__name__}
    if hasattr(step, "classes_"):
        exported["classes"] = step.classes_.tolist()
    if exported["class"] == "StandardScaler":
        ones = [1.0] * step.n_features_in_
        exported["mean"] = step.mean_.tolist() if step.with_mean else [0.0] * step.n_features_in_
        exported["scale"] = step.scale_.tolist() if step.with_std else ones
    elif hasattr(step, "coef_"):
        exported["coef"] = step.coef_.reshape(-1, step.n_features_in_).tolist()
        exported["intercept"] = [float(x) for x in step.intercept_] if getattr(
            step.intercept_, "shape", ()) else [float(step.intercept_)]
        exported["multi_class"] = getattr(step, "multi_class", "auto")
    elif exported["class"].startswith("GradientBoosting"):
        if step.init not in (None, "zero"):
            sys.exit(f"{exported['class']} starts from a model of its own and cannot be exported")
        if getattr(step, "loss", "") == "exponential":
            sys.exit(f"{exported['class']} with loss=exponential cannot be exported")
        # A constant, whatever the row.
        exported["base"] = step._raw_predict_init([[0.0] * step.n_features_in_]).ravel().tolist()
        exported["learning_rate"] = step.learning_rate
        exported["trees"] = [export_tree(tree) for round in step.estimators_ for tree in round]
    elif hasattr(step, "estimators_"):
        exported["trees"] = [export_tree(one) for one in step.estimators_]
    elif hasattr(step, "tree_"):
        exported["trees"] = [export_tree(step)]
    else:
        sys.exit(f"{exported['class']} cannot be exported")
    return exported


def main():
    with open(sys.argv[1], "rb") as file:
        model = pickle.load(file)
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    names = getattr(model, "feature_names_in_", None)
    document = {"format": "scikit-learn", "features": int(model.n_features_in_),
                "feature_names": [] if names is None else [str(name) for name in names],
                "steps": [export_step(step) for step in steps]}
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(document, file)


main()
