#!/usr/bin/env bash
# Measures predictions of one row and of 64 (breast_cancer_lr, 30 features) by wrk: a model server on
# the file in each protocol and, with the same model registered, the server's gateway with one replica.
# The steady figure is the CPU time of the serving processes for a request.
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

python3 - "$model" "$scratch" << 'PY'
import json, pathlib, sys
scratch = pathlib.Path(sys.argv[2])
for case in json.loads(pathlib.Path(sys.argv[1], "vectors.json").read_text())["cases"]:
    tensor = case["request"]["inputs"][0]
    count, width = tensor["shape"]
    rows = [tensor["data"][i * width:(i + 1) * width] for i in range(count)]
    for protocol, body in {"v2": {"inputs": [tensor]}, "v1": {"instances": rows},
                           "mlflow": {"dataframe_split": {"columns": list(range(width)), "data": rows}}}.items():
        (scratch / f"{protocol}-{count}.json").write_text(json.dumps(body))
PY
cat > "$scratch/post.lua" << 'LUA'
wrk.method = "POST"
wrk.body = io.open(os.getenv("BODY")):read("*a")
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency)
  local bad = summary.errors.status + summary.errors.read + summary.errors.timeout
  io.write(string.format("%d %.0f %.0f %.0f %d\n", summary.requests, summary.requests / summary.duration * 1e6,
                         latency:percentile(50), latency:percentile(99), bad))
end
LUA

wait_for() { for _ in $(seq 200); do [ -s "$1" ] && return; sleep 0.05; done; echo "no $1" >&2; exit 1; }
ticks() { # PID; of the process and its children, in hundredths of a second
  for process in "$1" $(pgrep -P "$1"); do cat "/proc/$process/stat"; done 2> /dev/null | awk '{ sum += $14 + $15 } END { print sum }'
}
measure() { # NAME PID URL BODY CONNECTIONS; leaves requests a second in `rate`
  local before after requests p50 p99 bad
  before=$(ticks "$2")
  read -r requests rate p50 p99 bad < <(BODY="$scratch/$4.json" wrk -t1 -c"$5" -d"${seconds}s" -s "$scratch/post.lua" "$3" | tail -n 1)
  after=$(ticks "$2")
  echo "$1, ${4/-/, rows: }, $5 connections: $rate requests/s, p50 $p50 us, p99 $p99 us, $bad failed," \
    "$(awk -v t="$((after - before))" -v n="$requests" 'BEGIN { printf "%.1f", t * 10000 / n }') us CPU a request"
}

"$binary" serve "cancer=$model/model.onnx" --port 0 --port-file "$scratch/serve.port" > "$scratch/serve.log" 2>&1 &
children+=($!)
wait_for "$scratch/serve.port"
at="http://127.0.0.1:$(cat "$scratch/serve.port")"
measure "millwright serve" "${children[0]}" "$at/v2/models/cancer/infer" v2-1 1
measure "millwright serve" "${children[0]}" "$at/v2/models/cancer/infer" v2-1 16
direct=$rate
measure "millwright serve" "${children[0]}" "$at/v2/models/cancer/infer" v2-64 8
measure "millwright serve" "${children[0]}" "$at/v1/models/cancer:predict" v1-64 8
measure "millwright serve" "${children[0]}" "$at/endpoints/cancer/invocations" mlflow-64 8

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
measure "gateway and one replica" "${children[1]}" "$at" v2-64 8
measure "gateway and one replica" "${children[1]}" "$at" v2-1 1
measure "gateway and one replica" "${children[1]}" "$at" v2-1 16
awk -v g="$rate" -v d="$direct" 'BEGIN { printf "gateway to model server: ratio %.2f\n", g / d }'
