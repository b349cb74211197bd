# Shared by the scripts beside it; sourced, never run. POSIX sh.

# Say what is being done (standard error: standard output is for results).
say() { printf 'tipd: %s\n' "$*" >&2; }

# Stop, with the reason and the way out.
die() {
    printf 'tipd: %s\n' "$*" >&2
    exit 1
}

# The home folder, also where HOME is not set.
home_folder() {
    if [ -n "${HOME:-}" ]; then
        printf '%s\n' "$HOME"
    else
        getent passwd "$(id -u)" | cut -d: -f6
    fi
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# The package manager of this machine: apt-get, dnf, apk, zypper, pacman, or nothing.
package_manager() {
    for manager in apt-get dnf apk zypper pacman; do
        if command -v "$manager" >/dev/null 2>&1; then
            printf '%s\n' "$manager"
            return 0
        fi
    done
    return 0
}

# The names by which one thing is known to each package manager.
package_names() { # thing manager
    case "$1:$2" in
        python3.*:apt-get) echo "$1 $1-venv" ;;
        python3.*:dnf) echo "$1" ;;
        python3.*:apk | python3.*:pacman) echo "python3" ;;
        python3.*:zypper) echo "python3${1#python3.}" ;;
        postgresql:apt-get | postgresql:apk | postgresql:pacman) echo "postgresql" ;;
        postgresql:dnf | postgresql:zypper) echo "postgresql-server" ;;
        postgresql-common:apt-get) echo "postgresql-common" ;;
        chromium:* | zsh:* | fish:* | strace:*) echo "$1" ;;
        7z:apt-get) echo "p7zip-full" ;;
        7z:dnf) echo "p7zip-plugins" ;;
        7z:*) echo "7zip" ;;
        systemd-analyze:*) echo "systemd" ;;
    esac
}

# The command by which an operator installs a thing on this machine, or nothing.
install_command() { # thing
    manager=$(package_manager)
    [ -n "$manager" ] || return 0
    case "$manager" in
        apt-get) echo "apt-get update && apt-get install --no-install-recommends $(package_names "$1" "$manager")" ;;
        dnf) echo "dnf install $(package_names "$1" "$manager")" ;;
        apk) echo "apk add $(package_names "$1" "$manager")" ;;
        zypper) echo "zypper install $(package_names "$1" "$manager")" ;;
        pacman) echo "pacman -S $(package_names "$1" "$manager")" ;;
    esac
}

# Install a thing with the package manager; needs root. Its output is shown only where it fails.
install_package() { # thing
    manager=$(package_manager)
    [ -n "$manager" ] && is_root || return 1
    names=$(package_names "$1" "$manager")
    say "installing $names with $manager"
    output=$(mktemp) || return 1
    # shellcheck disable=SC2086 # the names are separate words on purpose
    case "$manager" in
        apt-get)
            (
                export DEBIAN_FRONTEND=noninteractive
                apt-get -q update
                apt-get -q -y install --no-install-recommends $names
            )
            ;;
        dnf) dnf -q -y install $names ;;
        apk) apk add --no-cache $names ;;
        zypper) zypper --non-interactive install $names ;;
        pacman) pacman -Sy --noconfirm $names ;;
    esac </dev/null >"$output" 2>&1
    status=$?
    [ "$status" -eq 0 ] || tail -n 15 "$output" >&2
    rm -f "$output"
    return "$status"
}
