#!/bin/sh
# Print the path of a Python that can make environments; where there is none, say how to get one.
# find_python.sh [3.11]: of that version; without it 3.13, the one that tipd needs.
#
# Looked for, in this order: $TIPD_PYTHON ($TIPD_PYTHON311), PATH, the usual folders, pyenv's, uv's, asdf's and mise's.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
unset PYTHONHOME PYTHONPATH || true

version=${1:-3.13}
case "$version" in
    3.13) variable=TIPD_PYTHON named=${TIPD_PYTHON:-} ;;
    3.11) variable=TIPD_PYTHON311 named=${TIPD_PYTHON311:-} ;;
    *) die "usage: scripts/find_python.sh [3.11|3.13]" ;;
esac

home=$(home_folder)
account=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6) || account=

candidates() {
    [ -z "$named" ] || printf '%s\n' "$named"
    for name in python$version python3 python; do
        command -v "$name" 2>/dev/null || true
    done
    for folder in /usr/local/bin /usr/bin "/opt/python/cp3${version#3.}-cp3${version#3.}/bin" /opt/homebrew/bin \
        /opt/pyenv/versions/$version*/bin \
        "${PYENV_ROOT:-/nonexistent}"/versions/$version*/bin "${UV_PYTHON_INSTALL_DIR:-/nonexistent}"/cpython-$version*/bin \
        "${XDG_DATA_HOME:-/nonexistent}"/uv/python/cpython-$version*/bin; do
        printf '%s\n' "$folder/python$version"
    done
    # HOME is not always the account's own: services, CI and `sudo` set another.
    for place in "$home" "$account"; do
        [ -n "$place" ] || continue
        for folder in "$place"/.local/bin "$place"/.pyenv/versions/$version*/bin \
            "$place"/.local/share/uv/python/cpython-$version*/bin "$place"/.asdf/installs/python/$version*/bin \
            "$place"/.local/share/mise/installs/python/$version*/bin; do
            printf '%s\n' "$folder/python$version"
        done
    done
}

# Prints the interpreter itself (not a shim or another environment's link) and whether it has all its parts.
probe='
import sys
if sys.version_info[:2] != ('"${version%.*}, ${version#*.}"') or sys.implementation.name != "cpython":
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
if [ -z "$found" ] && [ -n "$incomplete" ] && install_package "python$version"; then
    search # Debian keeps ensurepip in a package of its own
fi
if [ -z "$found$incomplete" ] && [ "$version" = 3.11 ] && install_package python3.11; then
    search # for tests alone: as root it is installed without asking, as other programs of tests are
fi
if [ -n "$named" ] && ! printf '%s\n' "$named" | look | grep -q '^found '; then
    say "$variable=$named is no Python $version that runs here and can make environments:"
    "$named" -c "$probe" 2>&1 >/dev/null </dev/null | tail -n 1 >&2 || true
fi
if [ -n "$found" ]; then
    printf '%s\n' "$found"
    exit 0
fi

if [ -n "$incomplete" ]; then
    say "$incomplete cannot make environments: its modules ensurepip, ssl or venv are missing."
    say "Install them as root:  $(install_command "python$version")"
else
    say "no Python $version found on PATH, nor in pyenv's or uv's folders below ${home:-the home folder}."
    command=$(install_command "python$version")
    [ -z "$command" ] || say "Where the distribution has it, as root:  $command"
    say "With uv (no root needed):     uv python install $version"
    say "With pyenv (no root needed):  pyenv install $version"
fi
say "A Python elsewhere is named by $variable=/path/to/python$version"
exit 1
