#!/usr/bin/env bash
# Measures a prediction of one row (breast_cancer_lr, 30 features) by wrk: a model server on the file
# and, with the same model registered, the server's gateway with one replica.
#
#   bench/serving.sh BINARY [SECONDS]
set -euo pipefail
binary="$(realpath "${1:?usage: bench/serving.sh BINARY [SECONDS]}")"
seconds="${2:-8}"
cd "$(dirname "$0")/.."
command -v wrk > /dev/null || { echo "serving: wrk is not installed; skipped"; exit 0; }
model=tests/data/models/breast_cancer_lr
scratch="$(mktemp -d)"
children=()
stop() { for child in "${children[@]}"; do kill "$child" 2> /dev/null || true; wait "$child" 2> /dev/null || true; done; rm -rf "$scratch"; }
trap stop EXIT

python3 - "$model" > "$scratch/body.json" << 'PY'
import json, pathlib, sys
case = json.loads(pathlib.Path(sys.argv[1], "vectors.json").read_text())["cases"][0]
print(json.dumps({"inputs": case["request"]["inputs"]}))
PY
cat > "$scratch/post.lua" << 'LUA'
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY")):read("*a")
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout
  io.write(string.format("%.0f %.0f %.0f %d\n", summary.requests / summary.duration * 1e6,
                         latency:percentile(50), latency:percentile(99), bad))
end
LUA

wait_for() { for _ in $(seq 200); do [ -s "$1" ] && return; sleep 0.05; done; echo "no $1" >&2; exit 1; }
measure() { # NAME URL CONNECTIONS; leaves requests a second in `rate`
  local p50 p99 bad
  read -r rate p50 p99 bad < <(BODY="$scratch/body.json" wrk -t1 -c"$3" -d"${seconds}s" -s "$scratch/post.lua" "$2" | tail -n 1)
  echo "$1, $3 connections: $rate requests/s, p50 $p50 us, p99 $p99 us, $bad failed"
}

"$binary" serve "cancer=$model/model.onnx" --port 0 --port-file "$scratch/serve.port" > "$scratch/serve.log" 2>&1 &
children+=($!)
wait_for "$scratch/serve.port"
at="http://127.0.0.1:$(cat "$scratch/serve.port")/v2/models/cancer/infer"
measure "millwright serve" "$at" 1
measure "millwright serve" "$at" 16
direct=$rate

"$binary" server --port 0 --port-file "$scratch/server.port" --data "$scratch/data" --log-level warning > "$scratch/server.log" 2>&1 &
children+=($!)
wait_for "$scratch/server.port"
python3 - "$(cat "$scratch/server.port")" << 'PY'
import sys
sys.path.insert(0, "tests")
from harness.models import register
from harness.millwright import Server
server = Server("", "")
server.port = int(sys.argv[1])
version = register(server, "cancer")
answer = server.post("/api/v1/endpoints", {"name": "cancer", "model": "cancer", "version": version})
assert answer.status == 200, answer.body
PY
at="http://127.0.0.1:$(cat "$scratch/server.port")/v2/models/cancer/infer"
measure "gateway and one replica" "$at" 1
measure "gateway and one replica" "$at" 16
awk -v g="$rate" -v d="$direct" 'BEGIN { printf "gateway to model server: ratio %.2f\n", g / d }'
