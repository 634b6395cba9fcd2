#!/usr/bin/env python3
"""How many times a bare epoll loop with the same model a request costs, measured so that the machine's mood cancels:
the loop and `millwright serve` (log of requests, metrics and counts of inputs on) take turns, and the ratio of each
round is what counts. Goals are ratios as well: what was asked, over what the bare loop took on the machine where it was asked.

usage: bench/serving/ratios.py BUILD_DIR [ROUNDS]

8 connections, one second a row and round (7). Prints medians; wrk has one thread of its own. A p99 of a millisecond is
also a matter of the host: where it gives processors to others meanwhile (`steal`), a connection waits for them. The
quiet p99 is of the rounds in which it took less than a hundredth, and how many those were.
"""
import pathlib
import statistics
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402

CONNECTIONS = 8
# Asked microseconds over those of the bare loop there (DESIGN 7): 12 over 5.8, 40 over 14, 160 over 120.
ROWS = [
    ("breast_cancer_lr", 1, "v2", 12 / 5.8),
    ("breast_cancer_lr", 1, "v1", None),
    ("breast_cancer_lr", 1, "mlflow", None),
    ("breast_cancer_lr", 64, "v2", 40 / 14),
    ("breast_cancer_lr", 64, "v1", None),
    ("breast_cancer_lr", 64, "mlflow", None),
    ("breast_cancer_lr", 64, "v2 binary", 1.3),
    ("flights_late_xgb", 64, "v2", 160 / 120),
    ("flights_late_xgb", 64, "v2 binary", None),
]
SERVERS = {"as it comes": (), "one I/O thread": ("--io-threads", 1)}
QUIET_STEAL = 0.01


def take_turns(bench, rounds):
    """Of each row and of each way to serve it: what every round came to, as (us a request, p99 us, requests/s, steal)."""
    seen = {}
    for _ in range(rounds):
        for model, rows in sorted({(model, rows) for model, rows, _, _ in ROWS}):
            asked = [protocol for name, count, protocol, _ in ROWS if (name, count) == (model, rows)]
            with bench.program(bench.build / "bare_loop", run.MODELS / model, rows, bench.scratch / "port") as (pid, port):
                for protocol in asked:
                    note(seen, (model, rows, protocol, "bare"), bench, pid, f"http://127.0.0.1:{port}/", model, rows, protocol)
            for name, options in SERVERS.items():
                with tempfile.TemporaryDirectory() as log, bench.program(
                        bench.build / "millwright", "serve", f"m={run.MODELS / model}", "--port", 0, "--port-file",
                        bench.scratch / "port", "--log", log, *options) as (pid, port):
                    for protocol in asked:
                        path = run.bodies(model, rows)[protocol][0]
                        note(seen, (model, rows, protocol, name), bench, pid, f"http://127.0.0.1:{port}{path}", model, rows, protocol)
    return seen


def note(seen, key, bench, pid, url, model, rows, protocol):
    _, body, headers = run.bodies(model, rows)[protocol]
    (bench.scratch / "body").write_bytes(body)
    before = processor_ticks()
    rate, _, p99, cpu, bad = bench.measure(pid, url, {"Content-Type": "application/json", **headers}, CONNECTIONS)
    if bad:
        sys.exit(f"{key}: {bad} bad answers")
    ticks = [now - then for now, then in zip(processor_ticks(), before)]
    seen.setdefault(key, []).append((cpu, p99, rate, ticks[7] / max(sum(ticks), 1)))


def processor_ticks():
    """Of all processors since the start: user, nice, system, idle, iowait, irq, softirq, steal."""
    return [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]


def quiet_p99(rounds):
    quiet = [one[1] for one in rounds if one[3] < QUIET_STEAL]
    return f"{statistics.median(quiet):,.0f} ({len(quiet)})" if quiet else "- (0)"


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as scratch:
        seen = take_turns(run.Bench(build, 1, "", pathlib.Path(scratch)), rounds)
    print(f"Medians of {rounds} rounds, {CONNECTIONS} connections\n\n"
          "| | bare loop: CPU us, p99 us, quiet | serve | requests/s | p99 us, quiet | CPU us | times the bare loop | goal |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- |")
    for model, rows, protocol, goal in ROWS:
        bare = seen[model, rows, protocol, "bare"]
        for name in SERVERS:
            served = seen[model, rows, protocol, name]
            ratio = statistics.median(one[0] / other[0] for one, other in zip(served, bare))
            cpu, p99, rate = (statistics.median(one[i] for one in served) for i in range(3))
            print(f"| {model}, {protocol}, {rows} rows | {statistics.median(one[0] for one in bare):.1f}, "
                  f"{statistics.median(one[1] for one in bare):,.0f}, {quiet_p99(bare)} | {name} | {rate:,.0f} | "
                  f"{p99:,.0f}, {quiet_p99(served)} | {cpu:.1f} | {ratio:.2f} | {f'{goal:.2f}' if goal else ''} |")


if __name__ == "__main__":
    main()
