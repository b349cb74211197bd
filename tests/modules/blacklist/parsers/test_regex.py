"""Matches of RE2 expressions."""

import pytest

HEAD = 'parser = "regex"\nkind = "auto"\n[options]\n'


@pytest.mark.parametrize(
    ("pattern", "body", "values"),
    [
        (r"\d+\.\d+\.\d+\.\d+", "alert [192.0.2.1,192.0.2.2] any\nnothing\n", ["192.0.2.1", "192.0.2.2"]),
        (r"ip=(\S+)", "ip=192.0.2.1 x\n", ["192.0.2.1"]),
        (r"(\w+)=(?P<value>\S+)", "a=192.0.2.1\n", ["192.0.2.1"]),
        (r"(?P<first>\S+) to (?P<last>\S+)", "192.0.2.1 to 192.0.2.9\n", ["192.0.2.1-192.0.2.9"]),
        (r"ip (?P<network>\S+) (?P<mask>\S+)", "deny ip 192.0.2.0 255.255.255.0 any\n", ["192.0.2.0/255.255.255.0"]),
    ],
)
def test_values(parse, pattern, body, values):
    assert parse(f"{HEAD}pattern = '{pattern}'\n", body)[0] == values


def test_fields_port_and_where(parse):
    declaration = (
        HEAD + "pattern = '(?P<state>\\w+) (?P<value>[\\d.]+):(?P<port>\\d+)'\n"
        '[fields]\nstatus = "state"\n[where]\nstate = ["up"]\n'
    )
    values, contexts, rows = parse(declaration, "up 192.0.2.1:80\ndown 192.0.2.2:81\n")
    assert (values, contexts, rows.filtered) == (["192.0.2.1"], [{"status": "up", "port": "80"}], 1)


@pytest.mark.parametrize(
    ("rest", "error"),
    [
        ("pattern = '(a'", "pattern: missing"),
        ("pattern = '(?<=a)b'", "pattern:"),
        ("pattern = 'a'\n[fields]\nx = \"y\"", "no group 'y'"),
        (f"pattern = '{'a' * 3000}'", "over 2000"),
    ],
)
def test_broken_expressions(parse, rest, error):
    with pytest.raises(ValueError, match=error):
        parse(HEAD + rest + "\n", "")


def test_a_line_of_matches_is_bounded(parse):
    values, _, _ = parse(HEAD + "pattern = 'a'\n", "a" * 5000)
    assert len(values) == 1000
