"""Each rule refuses the sample it is there for, and leaves its neighbour alone."""

import pytest
from house import rules

LONG_FUNCTION = "def long():\n" + "    x = 1\n" * 50
LONG_DOCSTRING = 'def told():\n    """' + "words\n" * 60 + '    """\n    return 1\n'


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.sizes, "tipd/a.py", "x = 1\n" * 401),
        (rules.sizes, "tipd/a.py", LONG_FUNCTION),
        (rules.names, "tipd/manager.py", ""),
        (rules.names, "tipd/a.py", "class EventStream: ..."),
        (rules.names, "tipd/a.py", "def read_items(): ..."),
        (rules.names, "tipd/a.py", "class A:\n    async def on_data(self): ..."),
        (rules.names, "tipd/utils.py", ""),
        (rules.clocks, "tipd/a.py", "from datetime import datetime\nx = datetime.now()"),
        (rules.clocks, "tipd/a.py", "import datetime\nx = datetime.datetime.now(datetime.UTC)"),
        (rules.clocks, "tipd/a.py", "import time\nf = time.time"),
        (rules.clocks, "tipd/a.py", "from time import time"),
        (rules.clocks, "tipd/a.py", "import random\nx = random.uniform(0, 1)"),
        (rules.clocks, "tipd/a.py", "from random import choice"),
        (rules.sleeps, "tests/test_a.py", "import time\ntime.sleep(0.1)"),
        (rules.sleeps, "tests/support/a.py", "import time\ntime.sleep(1)"),
        (rules.sleeps, "tests/test_a.py", "import trio\nasync def test():\n    await trio.sleep(1.5)"),
        (rules.marks, "a.md", "TO" + "DO: later"),
        (rules.marks, "a.py", "# FIX" + "ME"),
        (rules.marks, "a.md", "see /wo" + "rk/main/x"),
        (rules.marks, "a.txt", "https://pypi." + "org/simple"),
        (rules.purity, "tipd/model/a.py", "def f(p):\n    return p.read_text()"),
        (rules.purity, "tipd/model/a.py", "def f(p):\n    return open(p)"),
        (rules.stubs, "tipd/a.py", "def f():\n    raise NotImplementedError"),
        (rules.idle_tests, "tests/test_a.py", "def later(): ..."),
        (rules.idle_tests, "tests/test_a.py", "def test_a():\n    x = 1"),
        (rules.connections, "tipd/api/a.py", "import trio\nasync def f():\n    await trio.open_tcp_stream('a', 1)"),
        (rules.connections, "tipd/api/a.py", "import httpcore\npool = httpcore.ConnectionPool()"),
    ],
)
def test_a_rule_refuses_what_it_is_there_for(rule, path, text) -> None:
    assert list(rule(path, text))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rules.sizes, "tipd/a.py", "x = 1\n" * 400),
        (rules.sizes, "tipd/a.py", LONG_DOCSTRING),
        (rules.names, "tipd/a.py", "class Robots: ...\ndef eventual(): ...\ndef dataclass_like(): ..."),
        (rules.names, "tipd/a.py", "class A(B):\n    @override\n    def handle_data(self): ..."),
        (rules.names, "tipd/a.py", "x = findings.items()\ndata = 1"),
        (rules.names, "tipd/a.py", "def data_folder(): ..."),
        (rules.clocks, "tipd/clock.py", "x = datetime.now(UTC)"),
        (rules.clocks, "tipd/a.py", "x = clock.now()\ny = time.monotonic()\nz = random.Random(3)\nw = rng.random()"),
        (rules.sleeps, "tests/test_a.py", "async def test():\n    await trio.sleep(0.01)"),
        (rules.sleeps, "tests/test_a.py", "async def test(autojump_clock):\n    await trio.sleep(3600)"),
        (rules.sleeps, "tests/support/a.py", "import time\ntime.sleep(0.05)"),
        (rules.marks, "a.md", "hacking, todos and /var/lib/tipd"),
        (rules.purity, "tipd/model/a.py", "def f(p):\n    return reopen(p.read())"),
        (
            rules.purity,
            "tipd/model/a.py",
            "a = socket.inet_pton(socket.AF_INET, t)\nb = resources.files('x').read_text()",
        ),
        (rules.idle_tests, "tests/test_a.py", "def test_a():\n    assert f()"),
        (rules.stubs, "tipd/a.py", "try:\n    f()\nexcept NotImplementedError:\n    pass"),
        (rules.connections, "tipd/api/a.py", "await trio.open_tcp_listeners(0)\nreader.connect()"),
    ],
)
def test_a_rule_leaves_its_neighbour_alone(rule, path, text) -> None:
    assert list(rule(path, text)) == []


def test_a_file_of_types_alone_has_no_code() -> None:
    assert not rules.has_code('X = 1\nclass P(Protocol):\n    def f(self):\n        """Say."""\n        ...\n')
    assert rules.has_code("def f():\n    return 1\n")


def test_words_are_split_and_made_singular() -> None:
    assert rules.words("HTTPEventHandlers") == ["http", "event", "handler"]
    assert rules.words("read_2_items") == ["read", "2", "item"]
