#!/usr/bin/env python3
"""Prints docs/reference/mlflow-differences.md: what tests/data/mlflow/amendments.json changes of the recordings, by
reason and scenario. scripts/write-reference calls it, tidy.reference compares."""
import copy
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import mlflow_replay  # noqa: E402

HEAD = """# Where Millwright answers otherwise than MLflow

MLflow's clients talk to Millwright as to their own server. What both answer is compared step by step in {all} scenarios
recorded between MLflow's 3.11 client and server, strictly, on SQLite and on PostgreSQL; {passing} pass. In {amended} of them
some steps are expected otherwise than MLflow answered. This page lists each of these steps with the reason; nothing else is
changed. It is made from `tests/data/mlflow/amendments.json` by `make docs`.

The other {failing} are of traces, which have no routes yet: their clients get a 404, which they do not ask again.

A version that is registered by `runs:/RUN/path` of a run that is here keeps this source; `model-versions/get-download-uri` answers where its
files are, which MLflow's clients follow as well, where MLflow answers the source again. The same holds for this server's own HTTP addresses.
No recorded scenario asks this.

With artifacts in S3 the same is expected, but for two scenarios that are left out there. `artifact-mpu-local` completes an upload that
is not there, to which both S3 servers that were tried, s3rver and Ceph's gateway, answer 500. Of `fluent-artifacts` s3rver, the one of the
tests, does not list a folder without files of its own; against Ceph's gateway it passes.
"""
TEXT_MAX = 110


def clip(text):
    text = " ".join(text.replace("|", "\\|").split())
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "…"


def shape(value):
    if isinstance(value, list):
        return f"{len(value)} found"
    return clip(json.dumps(value, ensure_ascii=False))


def answer(step):
    """An answer in few words: the status and what it says."""
    status, body = step["status"], step.get("response_body") or {}
    if step.get("select"):
        message = step["select"].get("$.message")
        if message:
            return f"{status} `{clip(message)}`"
        lists = [v for v in step["select"].values() if isinstance(v, list)]
        return f"{status}, {len(lists[0]) if lists else 0} found"
    if "text" in body:
        text = body["text"]
        return f"{status}, a page of HTML" if text.startswith("<!doctype html>") else f"{status} `{clip(text)}`"
    if "json" in body:
        message = body["json"].get("message") if isinstance(body["json"], dict) else None
        if message:
            return f"{status} {body['json']['error_code']} `{clip(message)}`"
        return f"{status} `{clip(json.dumps(body['json'], ensure_ascii=False))}`"
    return str(status)


def headers(before, after):
    """The headers that differ, but for the type that goes with a body."""
    old, new = before.get("response_headers") or {}, after.get("response_headers") or {}
    changed = [f"{k}: {v}" for k, v in sorted(new.items()) if old.get(k) != v and k != "content-type"]
    if new.get("content-type") != old.get("content-type") and before["status"] == after["status"] == 200:
        changed.append(new["content-type"])
    return ", ".join(changed)


def request(step):
    path = step["path"].replace("/api/2.0/mlflow/", "").replace("|", "\\|").replace("\n", "\\n").replace("\0", "\\0")
    return f"{step['method']} `{path}`"


def rows(name, change, scenario):
    amended = copy.deepcopy(scenario)
    mlflow_replay.amend(amended, change)
    for number in sorted(change["steps"], key=int):
        before, after = scenario["steps"][int(number) - 1], amended["steps"][int(number) - 1]
        theirs, ours = answer(before), answer(after)
        more = headers(before, after)
        yield f"| {name} {number} | {request(before)} | {theirs} | {ours}{', ' + more if more else ''} |"


def main():
    folder = mlflow_replay.DATA
    recorded = mlflow_replay.recordings(folder)["scenarios"]
    passing = open(os.path.join(folder, "passing.txt"), encoding="utf-8").read().split()
    reasons = mlflow_replay.amendments(folder)
    amended = {name for reason in reasons for name in reason["scenarios"]}
    print(HEAD.format(all=len(recorded), passing=len(passing), amended=len(amended), failing=len(recorded) - len(passing)))
    for reason in reasons:
        print(f"## {reason['title']}\n\n{reason['why']}\n")
        if reason["scenarios"]:
            print("| scenario and step | request | MLflow | Millwright |\n| --- | --- | --- | --- |")
        for name, change in sorted(reason["scenarios"].items()):
            print("\n".join(rows(name, change, recorded[name])))
        if reason["scenarios"]:
            print()


if __name__ == "__main__":
    main()
