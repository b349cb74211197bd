#!/bin/sh
# The tests of the agent and of what it reads mails with, under Python 3.11: mail hosts have what their distribution has.
# Needs nothing but that Python; the environment of its own lies in .deps. With arguments: those of pytest.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
cd "$here/.."
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV || true

lock=requirements/agent_test.txt
environment=.deps/agent-3.11
base=$("$here/find_python.sh" 3.11)
wanted=$(printf '%s\n' "$base $PWD" | cat - "$lock" | cksum)
if [ "$(cat "$environment/.tipd" 2>/dev/null)" != "$wanted" ]; then
    say "making $environment with $base"
    rm -rf "$environment"
    mkdir -p .deps
    "$base" -m venv "$environment"
    export PIP_USER=0 PIP_NO_INPUT=1 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1
    unset PIP_TARGET PIP_PREFIX PIP_ROOT || true
    "$environment/bin/python" -m pip install --quiet --progress-bar off --require-hashes -r "$lock" \
        || die "installing $lock failed: see above"
    printf '%s\n' "$wanted" >"$environment/.tipd"
fi

# The fixtures of all rooms are left out: they start a daemon's database.
[ $# -gt 0 ] || set -- tests/agent tests/mail
exec "$environment/bin/python" -m pytest -p no:cacheprovider --confcutdir=tests/agent -q -m "not long" "$@"
