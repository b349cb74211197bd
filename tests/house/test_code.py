"""The code keeps the house rules: sizes, words, clocks, doors to the world."""

from house import rules, tree

CODE = tree.below("tipd")
PURE = [
    name
    for name in tree.below("tipd/model", "tipd/mail", "tipd/exports", "tipd/modules")
    if "/modules/" not in name or "/parsers/" in name or "/scores/" in name
]
# Who may connect: the fetcher's room, the pool's one file (its database), the command line (its daemon), and the push
# of the agent, which has no such room on a mail host and goes only where its operator says.
DOORS = ("tipd/net/", "tipd/cli/", "tipd/store/pool.py", "tipd/agent/push.py")
CLOSED = [name for name in CODE if not name.startswith(DOORS)]


def test_there_is_code() -> None:
    assert "tipd/clock.py" in CODE
    assert "tipd/model/indicator.py" in PURE


def test_files_and_functions_are_small() -> None:
    assert not (found := tree.complaints(rules.sizes, CODE)), found


def test_names_use_the_words_of_the_house() -> None:
    assert not (found := tree.complaints(rules.names, CODE)), found


def test_clock_and_randomness_are_handed_in() -> None:
    assert not (found := tree.complaints(rules.clocks, CODE)), found


def test_rooms_of_values_do_no_input_or_output() -> None:
    assert not (found := tree.complaints(rules.purity, PURE)), found


def test_only_net_opens_connections() -> None:
    assert not (found := tree.complaints(rules.connections, CLOSED)), found


def test_nothing_is_left_for_later() -> None:
    assert not (found := tree.complaints(rules.stubs, CODE)), found
