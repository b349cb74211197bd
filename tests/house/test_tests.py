"""The tests mirror the source file by file, and never wait for real time."""

from house import rules, tree


def mirror_of(name: str) -> str:
    """Return where the test of a source file stands: tipd/net/fetch.py -> tests/net/test_fetch.py."""
    folder, _, file = name.removeprefix("tipd/").rpartition("/")
    if file == "__init__.py":
        folder, _, file = folder.rpartition("/")
        file += ".py"
    if file == "__main__.py":
        file = "main.py"
    return f"tests/{folder}/test_{file}" if folder else f"tests/test_{file}"


def test_every_file_with_code_has_its_test() -> None:
    there = set(tree.files())
    missing = [
        f"{name} has no test: write {mirror_of(name)}"
        for name in tree.below("tipd")
        if rules.has_code(tree.text(name)) and mirror_of(name) not in there
    ]
    assert not missing, "\n".join(missing)


def test_every_test_can_fail() -> None:
    names = [name for name in tree.below("tests") if name.rsplit("/", 1)[-1].startswith("test_")]
    assert not (found := tree.complaints(rules.idle_tests, names)), found


def test_tests_do_not_sleep() -> None:
    assert not (found := tree.complaints(rules.sleeps, tree.below("tests"))), found


def test_where_the_mirror_stands() -> None:
    assert mirror_of("tipd/net/fetch.py") == "tests/net/test_fetch.py"
    assert mirror_of("tipd/clock.py") == "tests/test_clock.py"
    assert mirror_of("tipd/model/canonical/__init__.py") == "tests/model/test_canonical.py"
    assert mirror_of("tipd/__main__.py") == "tests/test_main.py"
