#!/usr/bin/env bash
# The code is spaced as .clang-format says (clang-format 14; other versions disagree with it).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v clang-format-14 >/dev/null; then
    echo "clang-format-14 is not installed"
    exit 77
fi
find src include cli tests bench fuzz examples -name '*.[ch]' -o -name '*.cc' |
    xargs clang-format-14 --dry-run -Werror || {
    echo "run: make format"
    exit 1
}
