#!/bin/sh
# Print the path of a Python 3.13 that can make environments; where there is none, say how to get one.
#
# Looked for, in this order: $TIPD_PYTHON, PATH, the usual folders, pyenv's, uv's, asdf's and mise's.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
unset PYTHONHOME PYTHONPATH || true

home=$(home_folder)
account=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6) || account=

candidates() {
    [ -z "${TIPD_PYTHON:-}" ] || printf '%s\n' "$TIPD_PYTHON"
    for name in python3.13 python3 python; do
        command -v "$name" 2>/dev/null || true
    done
    for folder in /usr/local/bin /usr/bin /opt/python/cp313-cp313/bin /opt/homebrew/bin /opt/pyenv/versions/3.13*/bin \
        "${PYENV_ROOT:-/nonexistent}"/versions/3.13*/bin "${UV_PYTHON_INSTALL_DIR:-/nonexistent}"/cpython-3.13*/bin \
        "${XDG_DATA_HOME:-/nonexistent}"/uv/python/cpython-3.13*/bin; do
        printf '%s\n' "$folder/python3.13"
    done
    # HOME is not always the account's own: services, CI and `sudo` set another.
    for place in "$home" "$account"; do
        [ -n "$place" ] || continue
        for folder in "$place"/.local/bin "$place"/.pyenv/versions/3.13*/bin \
            "$place"/.local/share/uv/python/cpython-3.13*/bin "$place"/.asdf/installs/python/3.13*/bin \
            "$place"/.local/share/mise/installs/python/3.13*/bin; do
            printf '%s\n' "$folder/python3.13"
        done
    done
}

# Prints the interpreter itself (not a shim or another environment's link) and whether it has all its parts.
probe='
import sys
if sys.version_info[:2] != (3, 13) or sys.implementation.name != "cpython":
    raise SystemExit(f"it is {sys.implementation.name} {sys.version.split()[0]}")
print(sys._base_executable)
import ensurepip, ssl, venv
'

incomplete=
look() {
    while read -r candidate; do
        [ -x "$candidate" ] || continue
        if found=$("$candidate" -c "$probe" 2>/dev/null </dev/null); then
            printf 'found %s\n' "$found"
            return 0
        fi
        [ -z "$found" ] || printf 'incomplete %s\n' "$found"
    done
}

search() {
    result=$(candidates | look)
    found=$(printf '%s\n' "$result" | sed -n 's/^found //p')
    incomplete=$(printf '%s\n' "$result" | sed -n 's/^incomplete //p' | head -n 1)
}

search
if [ -z "$found" ] && [ -n "$incomplete" ] && install_package python; then
    search # Debian keeps ensurepip in a package of its own
fi
if [ -n "${TIPD_PYTHON:-}" ] && ! printf '%s\n' "$TIPD_PYTHON" | look | grep -q '^found '; then
    say "TIPD_PYTHON=$TIPD_PYTHON is no Python 3.13 that runs here and can make environments:"
    "$TIPD_PYTHON" -c "$probe" 2>&1 >/dev/null </dev/null | tail -n 1 >&2 || true
fi
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 0
fi

if [ -n "$incomplete" ]; then
    say "$incomplete cannot make environments: its modules ensurepip, ssl or venv are missing."
    say "Install them as root:  $(install_command python)"
else
    say "no Python 3.13 found on PATH, nor in pyenv's or uv's folders below ${home:-the home folder}."
    command=$(install_command python)
    [ -z "$command" ] || say "Where the distribution has it, as root:  $command"
    say "With uv (no root needed):     uv python install 3.13"
    say "With pyenv (no root needed):  pyenv install 3.13"
fi
say "A Python elsewhere is named by TIPD_PYTHON=/path/to/python3.13"
exit 1
