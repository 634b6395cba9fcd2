"""How many minutes late is a flight? A regression that the program trains, serves and watches over real months of 2001."""
import json
import pathlib

ROWS = pathlib.Path(__file__).resolve().parents[1] / "data/health/flights_delays.parquet"
LOG = "flights-delay"
OUTPUT = "variable"
MONDAY_MS = 983_750_400_000  # 2001-03-05
WEEK_MS = 7 * 86_400_000
MONTHS = {"march": ("2001-03-05", "2001-04-02"), "april": ("2001-04-02", "2001-05-07"), "may": ("2001-05-07", "2001-06-04"),
          "june": ("2001-06-04", "2001-07-01")}

TRAIN = """
experiment: flights-delay
label: delay
features: [minute_of_day, distance, origin_prev_hour_mean_delay, dest_prev_hour_mean_delay]
trainer: {rounds_max: 40, early_stopping_rounds: 8, seed: 1, threads: 1}
search:
  seed: 1
  trials: 2
  metric: validation_rmse
  space:
    objective: reg:squarederror
    tree_method: hist
    max_depth: {type: int, low: 3, high: 5}
    eta: {type: loguniform, low: 0.08, high: 0.2}
"""
SPLIT = """
kind: time
column: departure
parts:
  - {name: train, from: 2001-01-01, to: 2001-02-01}
  - {name: validation, from: 2001-02-01, to: 2001-02-12}
  - {name: test, from: 2001-02-12, to: 2001-03-05}
"""
MONITOR = {"name": "delays", "endpoint": LOG, "model": LOG, "window": "week", "rows_min": 200, "outcomes_min": 200, "output": OUTPUT,
           "mae_rise_max": 0.02, "rmse_rise_max": 0.1, "costs": {"over": 1, "under": 3},
           "detectors": [{"of": "error", "method": "page_hinkley"}, {"of": "error", "method": "adwin"}, {"of": "score", "method": "cusum"}],
           "reference_window": {"from": "2001-03-05", "to": "2001-04-02"}}


def cli(server, *words):
    return json.loads(server.cli(*words, "--json").stdout)


def train(server, folder):
    """Trains on January, registers the best and serves it; returns what training said."""
    files = {"train.yaml": TRAIN, "split.yaml": SPLIT}
    for name, text in files.items():
        (pathlib.Path(folder) / name).write_text(text)
    server.cli("data", "upload", "delays", str(ROWS))
    server.cli("data", "split", "delays@1", "--name", "winter", "--file", f"{folder}/split.yaml")
    best = cli(server, "train", f"{folder}/train.yaml", "--dataset", "delays@1", "--split", "winter")
    server.cli("models", "register", LOG, "--run", best["run_id"], "--dataset", "delays@1", "--split", "winter")
    server.cli("models", "alias", LOG, "champion", "1")
    return best


def serve(server, folder):
    """An endpoint, and the months as files."""
    server.cli("endpoints", "deploy", LOG, "--model", f"{LOG}@champion")
    for month, (first, last) in MONTHS.items():
        sql = pathlib.Path(folder) / f"{month}.sql"
        sql.write_text(f"SELECT * FROM delays WHERE departure >= TIMESTAMP '{first}' AND departure < TIMESTAMP '{last}' ORDER BY departure, id")
        server.cli("data", "derive", f"delays-{month}", "--sql", str(sql), "--input", "delays=delays@1")
        server.cli("data", "fetch", f"delays-{month}", f"{folder}/{month}.parquet")


def ask(server, folder, month):
    """Every flight of the month is asked about, in the order in which they left."""
    return cli(server, "endpoints", "replay", LOG, "--data", f"{folder}/{month}.parquet", "--id-column", "id", "--time-column", "departure")


def tell(server, folder, month):
    """What became of them, later."""
    server.cli("outcomes", "push", LOG, f"{folder}/{month}.parquet", "--id-column", "id", "--value-column", "delay", "--time-column", "known_at")


def watch(server, folder, **changes):
    file = pathlib.Path(folder) / "delays.yaml"
    file.write_text(json.dumps({**MONITOR, **changes}))
    server.cli("monitors", "create", str(file))
    server.cli("monitors", "evaluate", changes.get("name", MONITOR["name"]))
    return file
