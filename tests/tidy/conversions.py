#!/usr/bin/env python3
"""Compares docs/reference/model-conversion.md with the converters: what they take and how they refuse.

usage: conversions.py SOURCE_DIR
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
SOURCES = {"XGBoost": "tree_converter.cc", "LightGBM": "lightgbm_model.cc", "scikit-learn": "sklearn_*.cc"}


def taken(source):
    """Names of objectives and classes that a converter compares with."""
    tables = re.findall(r"kObjectives\[\] = \{(.*?)\};|kRegressions\[\] = \{(.*?)\};", source, re.S)
    names = set(re.findall(r'\{"([^"]+)",', "".join("".join(table) for table in tables)))
    for listed in re.findall(r"IsOneOf\(name, \{(.*?)\}\)", source, re.S):
        names |= set(re.findall(r'"([^"]+)"', listed))
    return names | set(re.findall(r'(?<![.\w])name [!=]= "([^"]+)"', source)) - {"gbtree"}


def refusals(source):
    messages = re.findall(r'InvalidArgument\(\s*"((?:[^"\\]|\\.|"\s*")*)"', source)
    return {re.sub(r'"\s*"', "", message).removesuffix(": {}") for message in messages if "converted" in message}


def main():
    page = (ROOT / "docs/reference/model-conversion.md").read_text(encoding="utf-8")
    failures = []
    for section in re.split(r"^## ", page, flags=re.M)[1:]:
        name = section.split()[0]
        files = sorted((ROOT / "src/inference").glob(SOURCES.pop(name)))
        source = "\n".join(file.read_text(encoding="utf-8") for file in files)
        rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
        listed = set(re.findall(r"`([^`]+)`", " ".join(rows)))
        for what, missing in (("is not listed", taken(source) - listed), ("is not in the code", listed - taken(source))):
            failures += [f"{name}: {one} {what}" for one in sorted(missing)]
        failures += [f"{name}: not said: {one}" for one in sorted(refusals(source)) if f"`{one}`" not in section]
    failures += [f"there is no section on {name}" for name in SOURCES]
    print("\n".join(failures) or "the page says what the converters do")
    sys.exit(1 if failures else 0)


main()
