#!/bin/sh
# All tests but the long hunts; needs .venv with requirements/dev.txt. With arguments: those of pytest.
# The end-to-end tests mostly wait, for daemons, rounds, TTLs and a demo of half a minute: they run beside the others,
# in two rows of their own; after one of them, what mail hosts run is tried with the oldest Python they may have.
set -u
cd "$(dirname "$0")/.." || exit 1
pytest=".venv/bin/python -m pytest -p no:cacheprovider"

if [ $# -gt 0 ]; then
    exec $pytest -m "not long" "$@"
fi

logs=$(mktemp -d)
apart=$(echo tests/end_to_end/test_flux_*.py tests/end_to_end/test_spam_*.py)
ignored=$(echo "$apart" | sed 's/tests/--ignore=tests/g')
$pytest -m "not long" tests/end_to_end $ignored >"$logs/rest" 2>&1 &
rest=$!
{
    $pytest -m "not long" $apart
    apart=$?
    printf '\n== the agent under Python 3.11\n'
    scripts/agent_tests.sh && [ "$apart" -eq 0 ]
} >"$logs/apart" 2>&1 &
apart=$!
trap 'kill "$rest" "$apart" 2>/dev/null; wait; rm -rf "$logs"; exit 130' INT TERM
$pytest -m "not long" --ignore=tests/end_to_end
others=$?
wait "$rest"
rest=$?
wait "$apart"
apart=$?
printf '\n== end-to-end tests, which ran beside these\n'
cat "$logs/rest" "$logs/apart"
rm -rf "$logs"
[ "$others" -eq 0 ] && [ "$rest" -eq 0 ] && [ "$apart" -eq 0 ]
