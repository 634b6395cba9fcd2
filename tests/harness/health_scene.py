"""Six months of a model that is served elsewhere, with a monitor over them."""
import json
import pathlib

ROWS = pathlib.Path(__file__).resolve().parents[1] / "data/health/flights_six_months.parquet"
PREDICTIONS = 19_922
MONDAY_MS = 978_307_200_000  # 2001-01-01
WEEK_MS = 7 * 86_400_000
MONITOR = {"name": "flights", "endpoint": "flights", "model": "flights-late", "window_ms": WEEK_MS, "window_origin_ms": MONDAY_MS,
           "preset": "psi", "psi_threshold": 0.2, "rows_min": 300, "outcomes_min": 200, "auc_drop_max": 0.03,
           "reference_window": {"from": "2001-01-01T00:00:00Z", "to": "2001-02-12T00:00:00Z"}}


def push_six_months(server, file=ROWS):
    pushed = json.loads(server.cli("predictions", "push", "flights", str(file), "--output", "probability", "--json").stdout)
    assert pushed["predictions"] == PREDICTIONS, pushed


def watch(server, folder, **changes):
    """Makes the monitor and waits until its health was measured."""
    file = pathlib.Path(folder) / "monitor.yaml"
    file.write_text(json.dumps({**MONITOR, **changes}))
    server.cli("monitors", "create", str(file))
    server.cli("monitors", "evaluate", changes.get("name", MONITOR["name"]))
    return file
