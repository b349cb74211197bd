#!/bin/sh
# Style, types, who may import whom, and the house rules; needs .venv with requirements/dev.txt.
# Every step runs, so that one run tells everything.
set -u
cd "$(dirname "$0")/.."
python=.venv/bin/python
failed=

step() { # name, then the command
    name=$1
    shift
    printf '== %s\n' "$name"
    "$@" || failed="$failed, $name"
}

step "ruff check" "$python" -m ruff check .
step "ruff format" "$python" -m ruff format --check .
step mypy "$python" -m mypy
step import-linter .venv/bin/lint-imports --no-cache
step "house tests" "$python" -m pytest -p no:cacheprovider tests/house

if [ -n "$failed" ]; then
    printf 'make check failed: %s\n' "${failed#, }" >&2
    exit 1
fi
