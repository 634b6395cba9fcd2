#!/usr/bin/env bash
# Runs the web UI's own tests with the Node.js that scripts/install-deps pins. usage: run.sh unit|types
set -euo pipefail
cd "$(dirname "$0")/../../ui"
cache="${MILLWRIGHT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millwright}"
export PATH="$cache/node-22.23.3/bin:$PATH" NO_COLOR=1
case "${1:-}" in
  unit) npm run --silent test ;;
  types) npm run --silent check ;;
  *) echo "usage: run.sh unit|types" >&2; exit 2 ;;
esac
