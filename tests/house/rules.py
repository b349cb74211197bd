"""The house rules as pure functions: a file's text in, complaints out.

Each complaint is one line that says where, what, and what to do instead; `test_rules.py` shows each rule a sample it
must refuse and one it must leave alone.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_LINES = 400
FUNCTION_LINES = 50
POLL = 0.05  # seconds between two looks at another process

# Words of others for things that have a name here (docs/reference/words.md), or for no thing at all.
REFUSED_WORDS = {
    "event": "finding",
    "data": "what it is",
    "item": "what it is",
    "manager": "what it does",
    "handler": "what it does",
    "helper": "what it does",
    "util": "what it does",
    "bot": "module or submodule",
}
# These two may qualify another word ("data_folder"), but not name a thing.
_REFUSED_AT_THE_END = {"data", "item"}
# What the standard library calls a thing that ours stands in for (zlib's decompressors).
_DICTATED = {"unused_data"}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def words(name: str) -> list[str]:
    """Return the words of a snake_case or CamelCase name, lower case, without a plural s."""
    found = [word.lower() for word in _WORD.findall(name)]
    return [word[:-1] if word.endswith("s") and word[:-1] in REFUSED_WORDS else word for word in found]


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _docstring_lines(node: Function) -> int:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return (first.end_lineno or first.lineno) - first.lineno + 1
    return 0


def function_lines(node: Function) -> int:
    """Return the function's lines from `def` to its end, docstring apart."""
    return (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)


def sizes(path: str, text: str) -> Iterator[str]:
    """Complain of a file over 400 lines or a function over 50."""
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, at most {FILE_LINES}: split it along its nouns"
    for node in functions(ast.parse(text)):
        if (count := function_lines(node)) > FUNCTION_LINES:
            yield f"{path}:{node.lineno}: {node.name} has {count} lines, at most {FUNCTION_LINES}: give its steps names"


def _overrides(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(
        isinstance(each, ast.Name | ast.Attribute) and ast.unparse(each).endswith("override") for each in decorators
    )


def names(path: str, text: str) -> Iterator[str]:
    """Complain of refused words in the names of modules, classes and functions.

    A method whose name a library dictates carries `@override` (typing) and is let through.
    """
    defined = [(1, path.removesuffix(".py").rsplit("/", 1)[-1])]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not _overrides(node):
            defined.append((node.lineno, node.name))
    for line, name in defined:
        if name in _DICTATED:
            continue
        spelled = words(name)
        for place, word in enumerate(spelled, 1):
            if word in REFUSED_WORDS and (word not in _REFUSED_AT_THE_END or place == len(spelled)):
                yield f"{path}:{line}: the name {name} holds {word!r}: say {REFUSED_WORDS[word]}"


_CLOCKS = {
    *(
        f"{owner}.{name}"
        for owner in ("datetime", "datetime.datetime", "dt.datetime")
        for name in ("now", "utcnow", "today")
    ),
    *("date.today", "datetime.date.today", "time.time", "time.time_ns", "time.ctime"),
}
_RANDOM_ALLOWED = {"random.Random", "random.SystemRandom"}


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node, ast.unparse(node.func)


def clocks(path: str, text: str) -> Iterator[str]:
    """Complain of a wall clock read outside `tipd/clock.py`, and of the shared random generator."""
    if path == "tipd/clock.py":
        return
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _CLOCKS:
            yield f"{path}:{node.lineno}: {ast.unparse(node)} reads the wall clock: take a tipd.clock.Clock"
        if isinstance(node, ast.ImportFrom) and node.module in {"time", "random"}:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in _CLOCKS or (node.module == "random" and name not in _RANDOM_ALLOWED):
                    yield f"{path}:{node.lineno}: from {node.module} import {alias.name}: clock and rng are handed in"
    for call, name in _calls(tree):
        if name.startswith("random.") and name.count(".") == 1 and name not in _RANDOM_ALLOWED:
            yield f"{path}:{call.lineno}: {name}() uses the shared generator: take a random.Random"


def _number(node: ast.expr) -> float | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return float(value) if isinstance(value, int | float) else None


def _first_number(call: ast.Call) -> float | None:
    return _number(call.args[0]) if call.args else None


def sleeps(path: str, text: str) -> Iterator[str]:
    """Complain of a test that really sleeps: `time.sleep`, and `trio.sleep` of 1 s or more on the real clock.

    Support that polls another process may pause for up to 0.05 s.
    """
    tree = ast.parse(text)
    moved_everywhere = "autojump_clock" in text or "MockClock" in text or "mock_clock" in text
    for call, name in _calls(tree):
        if name == "time.sleep" and not (path.startswith("tests/support/") and 0 <= (_first_number(call) or 1) <= POLL):
            yield f"{path}:{call.lineno}: time.sleep in a test: wait for the thing itself"
        if name == "trio.sleep" and not moved_everywhere:
            seconds = _first_number(call)
            if seconds is not None and seconds >= 1:
                yield f"{path}:{call.lineno}: trio.sleep({seconds:g}) on the real clock: use autojump_clock"


# Written in two halves, so that this file does not complain of itself.
_NOTES = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + r"X|HA" + r"CK)\b")
_PLACES = re.compile(
    "|".join(
        (
            r"/wo" + r"rk/(?:main|shared|brief|\.library)",
            r"/ro" + r"ot/\.",
            r"/op" + r"t/(?:pypi|wheels)",
            r"\bpypi\." + "org",
            r"pythonho" + r"sted\.org",
            r"registry\.np" + r"mjs\.org",
            r"deb\.deb" + r"ian\.org",
        )
    )
)


def marks(path: str, text: str) -> Iterator[str]:
    """Complain of notes to oneself, of paths of one machine, and of hosts of package registries."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _NOTES.search(line):
            yield f"{path}:{number}: {found[0]}: do it, or file an issue"
        if found := _PLACES.search(line):
            yield f"{path}:{number}: {found[0]} is of one machine or registry: leave it out"


_PURE_REFUSED = re.compile(
    r"^(?:open|input|print|trio\..*|socket\.(?!inet_)\w+|subprocess\..*|os\.(?:open|read|write|remove|rename|mkdir|listdir|scandir|system"
    r"|popen|environ.*|getenv)|urllib\.request\..*|time\.sleep|.*\.(?:read_text|read_bytes|write_text|write_bytes|unlink|mkdir"
    r"|iterdir|glob|rglob))$"
)


def purity(path: str, text: str) -> Iterator[str]:
    """Complain of input or output where only values are made: model, mail, exports, parsers, scores."""
    for call, name in _calls(ast.parse(text)):
        # what lies in a package is part of its code
        if _PURE_REFUSED.match(name) and not name.startswith("resources.files("):
            yield f"{path}:{call.lineno}: {name}() is input or output, and this room has none: hand the bytes in"


_CONNECTS = re.compile(
    r"^(?:trio\.open_(?:tcp_stream|ssl_over_tcp_stream|unix_socket)|socket\.create_connection|(?:http\.client\.|httpcore\.)\w+"
    r"|urllib\.request\.\w+|(?:trio_websocket\.)?(?:open|connect)_websocket(?:_url)?|asyncio\.open_connection)$"
)


def connections(path: str, text: str) -> Iterator[str]:
    """Complain of an outgoing connection outside `net/` (the pool has its own door, the command line its daemon)."""
    for call, name in _calls(ast.parse(text)):
        if _CONNECTS.match(name):
            yield f"{path}:{call.lineno}: {name}() opens a connection: only tipd/net does, behind its guard"


def has_code(text: str) -> bool:
    """Whether the file holds a function that does something (not only types, constants and protocols)."""
    return any(not _empty(node) for node in functions(ast.parse(text)))


def _empty(node: Function) -> bool:
    return all(
        isinstance(each, ast.Pass) or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in node.body
    )


def stubs(path: str, text: str) -> Iterator[str]:
    """Complain of code that only says it is not there yet."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc):
            yield f"{path}:{node.lineno}: NotImplementedError: write it, or leave it out"


def idle_tests(path: str, text: str) -> Iterator[str]:
    """Complain of a test file without a test, and of a test that could not fail: no assert and no call."""
    tree = ast.parse(text)
    tests = [node for node in functions(tree) if node.name.startswith("test")]
    if not tests and "TestCase" not in text:
        yield f"{path}: holds no test"
    for node in tests:
        if not any(isinstance(each, ast.Assert | ast.Call) for body in node.body for each in ast.walk(body)):
            yield f"{path}:{node.lineno}: {node.name} cannot fail: it asserts and calls nothing"
