#!/usr/bin/env bash
# Checks that the sources are as clang-format 14 writes them.
set -euo pipefail
cd "$(dirname "$0")/../.."
find src tests bench -name '*.cc' -o -name '*.h' 2> /dev/null | xargs clang-format-14 --dry-run --Werror
