#!/bin/sh
# Renew the hash-locked requirements from pyproject.toml; `lock.sh --upgrade` also takes newer versions.
#
# One resolution for all: runtime first, the others held to it.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
cd "$here/.."

tool=.deps/lock-env
if [ ! -x "$tool/bin/uv" ]; then
    python=$("$here/find_python.sh")
    say "making $tool"
    "$python" -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --require-hashes -r requirements/lock.txt
fi

release=3.13
compile() { # output, then arguments
    output=$1
    shift
    say "resolving $output"
    "$tool/bin/uv" pip compile --quiet --universal --python-version $release --generate-hashes --no-annotate --no-header \
        --no-emit-index-url --no-emit-find-links --output-file "$output" $upgrade "$@" </dev/null
}

upgrade=${1:-}
[ -z "$upgrade" ] || [ "$upgrade" = --upgrade ] || die "usage: scripts/lock.sh [--upgrade]"
compile requirements/runtime.txt pyproject.toml requirements/build.in
compile requirements/embedded.txt -c requirements/runtime.txt pyproject.toml requirements/build.in --extra embedded
compile requirements/dev.txt -c requirements/runtime.txt pyproject.toml requirements/build.in --extra dev
compile requirements/lock.txt requirements/lock.in
release=3.11 # mail hosts have what their distribution has
compile requirements/agent.txt -c requirements/runtime.txt requirements/agent.in
compile requirements/agent_test.txt -c requirements/runtime.txt -c requirements/agent.txt requirements/agent_test.in
