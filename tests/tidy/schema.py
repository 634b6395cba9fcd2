#!/usr/bin/env python3
"""Checks that src/storage/schema.sql is what the migrations make on SQLite; --write renews it."""
import difflib
import pathlib
import sqlite3
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "src/storage/schema.sql"
QUERY = """SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
           ORDER BY tbl_name, type = 'index', name"""


def dump():
    database = sqlite3.connect(":memory:")
    steps = [ROOT / "src/storage/sql/create_schema_migrations.sql"]
    steps += sorted((ROOT / "src/storage/migrations").glob("*.sql"))
    for step in steps:
        if not step.name.endswith(".postgres.sql"):
            database.executescript(step.read_text())
    statements = [row[0] + ";\n" for row in database.execute(QUERY)]
    return "-- The schema on SQLite, made by tests/tidy/schema.py --write.\n" + "".join(statements)


def main():
    if sys.argv[1:] == ["--write"]:
        SCHEMA.write_text(dump())
        return
    difference = list(difflib.unified_diff(
        SCHEMA.read_text().splitlines(), dump().splitlines(), "schema.sql", "migrations", n=1,
        lineterm=""))
    print("\n".join(difference) or "schema.sql is current")
    if difference:
        sys.exit("run tests/tidy/schema.py --write")


main()
