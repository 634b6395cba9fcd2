#!/usr/bin/env python3
"""Finds headers of src/ that nothing includes and SQL files that no source names."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {p: p.read_text() for d in ("src", "tests", "bench") for p in (ROOT / d).rglob("*")
           if p.suffix in (".h", ".cc")}


def main():
    included = {m for text in SOURCES.values() for m in re.findall(r'#include "([^"]+)"', text)}
    orphans = [p for p in SOURCES if p.suffix == ".h" and p.is_relative_to(ROOT / "src")
               and str(p.relative_to(ROOT / "src")) not in included]
    named = {m for text in SOURCES.values() for m in re.findall(r"\bk[A-Z]\w*", text)}
    for sql in sorted((ROOT / "src").glob("*/sql/*.sql")):
        query = sql.name.split(".")[0]
        constant = "k" + "".join(w[:1].upper() + w[1:] for w in query.split("_"))
        if constant not in named:
            orphans.append(sql)
    for path in orphans:
        print(f"{path.relative_to(ROOT)}: nothing uses it")
    if not orphans:
        print("no orphans")
    sys.exit(bool(orphans))


main()
