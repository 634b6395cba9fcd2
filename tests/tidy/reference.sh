#!/usr/bin/env bash
# Checks that docs/reference and deploy/ say what the program's own tables say. usage: reference.sh BINARY
set -euo pipefail
binary="$(realpath "${1:?usage: reference.sh BINARY}")"
cd "$(dirname "$0")/../.."
fresh="$(mktemp -d)"
trap 'rm -rf "$fresh"' EXIT
scripts/write-reference "$binary" "$fresh" > /dev/null
for page in "$fresh"/*.md; do
  diff -u "docs/reference/$(basename "$page")" "$page" ||
    { echo "docs/reference is stale: run make docs" >&2; exit 1; }
done
(cd "$fresh/deploy" && find . -type f) | while read -r file; do
  diff -u "deploy/$file" "$fresh/deploy/$file" || { echo "deploy/ is stale: run make docs" >&2; exit 1; }
done
