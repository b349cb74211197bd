#!/bin/sh
# Find the programs that tests need, by name; as root they are installed where they are missing.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"

missing=0
for name in "$@"; do
    command -v "$name" >/dev/null 2>&1 && continue
    if is_root && install_package "$name" && command -v "$name" >/dev/null 2>&1; then
        continue
    fi
    say "the tests need $name, and it was not found."
    command=$(install_command "$name")
    [ -z "$command" ] || say "Install it as root:  $command"
    missing=1
done
exit "$missing"
