"""Records of a JSON document as they pass."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.modules.blacklist.reading.json_stream import JsonFault, records

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def cut(body, size):
    return [body[at : at + size] for at in range(0, len(body), size)]


@given(values, st.integers(1, 50), st.booleans(), st.sampled_from([None, 2]))
def test_the_members_of_a_document(document, size, ascii_only, indent):
    body = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    found = [(key, json.loads(raw)) for key, raw in records(cut(body, size), "", 10_000)]
    if isinstance(document, dict):
        assert found == list(document.items())
    elif isinstance(document, list):
        assert found == [(None, value) for value in document]
    else:
        assert found == [(None, document)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data.rows", [1, 2]),
        ("*.rows", [1, 2, 5]),
        ("list.1", [{"b": 1}]),
        ("list.*", [0, 1]),
        ("nothing", []),
        ("data.meta", ["x"]),
    ],
)
def test_paths(path, expected):
    document = {
        "data": {"meta": "x", "rows": [1, 2]},
        "other": {"rows": [5], "deep": {"rows": [7]}},
        "list": [[0], [{"b": 1}]],
    }
    if path == "list.*":
        document["list"] = [[0], [1]]
    body = json.dumps(document).encode()
    assert [json.loads(raw) for _, raw in records(cut(body, 3), path, 1000)] == expected


@pytest.mark.parametrize(
    "body",
    [b"[1, 2", b'{"a": ', b"[1 2]", b"[1] x", b'{"a" 1}', b"{1: 2}", b'["abc', b"]", b"[" * 300, b'{"a": {"b": [}'],
)
def test_what_is_no_json_is_a_fault(body):
    with pytest.raises(JsonFault, match="byte"):
        list(records(cut(body, 4), "", 1000))


def test_a_record_without_end_is_not_held():
    def endless():
        yield b'[{"a": "'
        for _ in range(10_000):
            yield b"x" * 65536

    with pytest.raises(JsonFault, match="too long"):
        list(records(endless(), "", 100_000))


@given(st.binary(max_size=200))
def test_rubbish_raises_nothing_else(body):
    with contextlib.suppress(JsonFault):
        for _, raw in records(cut(body, 7), "a.*", 1000):
            assert raw in body


def test_an_empty_document_has_no_records():
    assert list(records([b"  \n"], "", 100)) == []


def test_documents_that_were_joined_are_read_one_after_the_other():
    body = b'{"a": [1, 2]}\n\x1e\n{"a": []}\n\x1e\n{"a": [3]}'
    for step in (1, 5, 100):
        assert [raw for _, raw in records(cut(body, step), "a", 100)] == [b"1", b"2", b"3"]
    with pytest.raises(JsonFault, match="behind"):
        list(records([b'{"a": []} {"a": []}'], "a", 100))


@settings(max_examples=25)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), values, max_size=4) | values, min_size=20, max_size=60),
    st.integers(3000, 20_000),
    st.sampled_from([None, 1]),
)
def test_long_arrays_in_runs(document, size, indent):
    """The elements that are taken many at a stroke are those that would be taken one by one."""
    document = [*document, "x" * 200, {"pad": ["}", "},{", '"}'] * 30}] * 20
    body = json.dumps(document, indent=indent).encode()
    assert [json.loads(raw) for _, raw in records(cut(body, size), "", 100_000)] == document


@pytest.mark.parametrize("fault", [b"{]}", b'{"a": }', b'{"a":1} 2', b",", b'{"a":"\\x"}{}'])
def test_a_fault_inside_a_long_array_takes_nothing_before_it(fault):
    row = b'{"a": [{"b": 1}, {"b": 2}]}'
    body = b"[" + b",".join([row] * 500 + [fault] + [row] * 500) + b"]"
    rows = []
    with contextlib.suppress(JsonFault):
        for _, raw in records(cut(body, 5000), "", 10_000):
            rows.append(raw)
    assert rows[:500] == [row] * 500
