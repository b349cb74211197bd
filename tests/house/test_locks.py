"""The locked requirements: pinned, hashed, agreeing with each other, nothing with a known hole."""

import re
import tomllib

import pytest
from house import tree

LOCKS = [f"requirements/{name}.txt" for name in ("runtime", "embedded", "dev", "lock", "agent", "agent_test")]
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;\\]+)")

# The first release without a hole that is known to us; a scanner without its database reports nothing at all, so the
# table stands here. Add a row when an advisory names something in the locks.
FIXED_IN = {
    "brotli": ("1.2.0", "CVE-2025-6176: decompression without a limit"),
    "certifi": ("2024.7.4", "CVE-2024-39689: distrusted roots"),
    "cryptography": ("44.0.1", "CVE-2024-12797: the bundled OpenSSL"),
    "dnspython": ("2.6.1", "CVE-2023-29483: a forged answer ends a lookup"),
    "flask": ("3.1.1", "CVE-2025-47278: fallback keys signed in the wrong order"),
    "h11": ("0.16.0", "CVE-2025-43859: chunked bodies and request smuggling"),
    "h2": ("4.3.0", "CVE-2025-57804: header injection on downgrade"),
    "idna": ("3.7", "CVE-2024-3651: quadratic encoding"),
    "jinja2": ("3.1.6", "CVE-2025-27516: sandbox breakout"),
    "py7zr": ("0.20.1", "CVE-2022-44900: names that climb out of the folder"),
    "quart": ("0.19.7", "CVE-2024-49767: form parts without a limit"),
    "setuptools": ("78.1.1", "CVE-2025-47273: path traversal"),
    "werkzeug": ("3.1.4", "CVE-2025-66221: device names on Windows"),
}


def pins(lock: str) -> dict[str, str]:
    """Return name → version of a lock file."""
    return dict(match.groups() for line in tree.text(lock).splitlines() if (match := _PIN.match(line)))


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


@pytest.mark.parametrize("lock", LOCKS)
def test_each_entry_is_pinned_and_hashed(lock) -> None:
    entries = re.split(r"\n(?=\S)", tree.text(lock).strip())
    bare = [entry.split("\n")[0] for entry in entries if not (_PIN.match(entry) and "--hash=sha256:" in entry)]
    assert entries
    assert not bare, f"not pinned with a hash: {bare}"


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_where_it_came_from(lock) -> None:
    assert "://" not in tree.text(lock)
    assert "--index" not in tree.text(lock)


@pytest.mark.parametrize("lock", ["requirements/embedded.txt", "requirements/dev.txt"])
def test_the_others_hold_the_runtime_versions(lock) -> None:
    runtime, other = pins("requirements/runtime.txt"), pins(lock)
    differing = {name: (version, other.get(name)) for name, version in runtime.items() if other.get(name) != version}
    assert not differing, f"make lock: {differing}"


def test_mail_hosts_get_what_the_daemon_was_tested_with() -> None:
    runtime, agent = pins("requirements/runtime.txt"), pins("requirements/agent.txt")
    differing = {name: (version, runtime[name]) for name, version in agent.items() if runtime.get(name) != version}
    assert not differing, f"make lock: {differing}"
    tested = pins("requirements/agent_test.txt")
    assert agent.items() <= tested.items()


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads(tree.text("pyproject.toml"))["project"]
    groups = {"requirements/runtime.txt": [*project["dependencies"], "setuptools"]}
    groups |= {f"requirements/{name}.txt": lines for name, lines in project["optional-dependencies"].items()}
    groups["requirements/agent.txt"] = [
        line for line in tree.text("requirements/agent.in").splitlines() if line[:1] not in {"#", ""}
    ]
    for lock, lines in groups.items():
        names = {re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0] for line in lines}
        assert names <= pins(lock).keys(), f"make lock: {lock} lacks {names - pins(lock).keys()}"


@pytest.mark.parametrize("name", sorted(FIXED_IN))
def test_nothing_with_a_known_hole_is_locked(name) -> None:
    least, why = FIXED_IN[name]
    found = [pins(lock)[name] for lock in LOCKS if name in pins(lock)]
    assert found, f"{name} is no longer locked: remove its row"
    assert all(numbers(version) >= numbers(least) for version in found), f"{name} {found} is older than {least}: {why}"
