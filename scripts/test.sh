#!/bin/sh
# All tests but the long hunts; needs .venv with requirements/dev.txt. With arguments: those of pytest.
# The end-to-end tests mostly wait, for daemons, rounds and a demo of half a minute: they run beside the others.
set -u
cd "$(dirname "$0")/.." || exit 1
pytest=".venv/bin/python -m pytest -p no:cacheprovider"

if [ $# -gt 0 ]; then
    exec $pytest -m "not long" "$@"
fi

log=$(mktemp)
$pytest -m "not long" tests/end_to_end >"$log" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null; wait "$beside"; rm -f "$log"; exit 130' INT TERM
$pytest -m "not long" --ignore=tests/end_to_end
others=$?
wait "$beside"
end_to_end=$?
printf '\n== end-to-end tests, which ran beside these\n'
cat "$log"
rm -f "$log"
[ "$others" -eq 0 ] && [ "$end_to_end" -eq 0 ]
