#!/bin/sh
# Print the path of Chromium (or Chrome), which the browser tests need; as root it is installed where it is missing.
set -eu
here=$(dirname "$0")
. "$here/lib.sh"

find_browser() {
    for name in "${TIPD_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] || continue
        # Ubuntu's chromium-browser is a stub that only speaks of snap: ask for the version.
        if path=$(command -v "$name") && "$path" --version >/dev/null 2>&1 </dev/null; then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

find_browser && exit 0
if is_root && install_package chromium; then
    find_browser && exit 0
fi
say "the tests of the web console need Chromium, and none was found."
command=$(install_command chromium)
[ -z "$command" ] || say "Install it as root:  $command"
say "A browser elsewhere is named by TIPD_CHROMIUM=/path/to/chromium"
exit 1
