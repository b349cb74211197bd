"""Adblock rules that stand for a host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build

ABP = 'parser = "abp"\nkind = "auto"\n'


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("||bad.example^", "bad.example"),
        ("||bad.example^|", "bad.example"),
        ("||bad.example", "bad.example"),
        ("||*.bad.example^", "bad.example"),
        ("||bad.example^$all", "bad.example"),
        ("||bad.example^$third-party,important", "bad.example"),
        ("||192.0.2.1^", "192.0.2.1"),
        ("||192.0.2.1:8080^", "192.0.2.1:8080"),
        ("||192.0.2.0/24^", "192.0.2.0/24"),
        ("|https://bad.example/x?y=1|", "https://bad.example/x?y=1"),
        ("|http://bad.example/x^", "http://bad.example/x"),
        ("0.0.0.0 bad.example", "bad.example"),
        ("127.0.0.1\tbad.example # why", "bad.example"),
        ("bad.example", "bad.example"),
        ("  ||bad.example^  ", "bad.example"),
    ],
)
def test_rules(parse, rule, value):
    values, _, rows = parse(ABP, rule)
    assert (values, rows.refused) == ([value], [])


@pytest.mark.parametrize(
    "rule",
    [
        *(
            "||bad.example^$domain=good.example",
            "||bad.example^$script",
            "||bad.example/ads/*",
            "||bad.*^",
            "/ads[0-9]+/",
        ),
        *("||bad.example^$badfilter", "-banner-", "|https://bad.example/*|", "||bad.example^$dnsrewrite=192.0.2.1"),
    ],
)
def test_what_holds_only_sometimes(parse, rule):
    values, _, rows = parse(ABP, rule)
    assert (values, rows.refused) == ([], [(0, "unsupported")])


@pytest.mark.parametrize(
    "line",
    [
        *(
            "! Title: x",
            "[Adblock Plus 2.0]",
            "bad.example##.ad",
            "##.ad",
            "bad.example#@#.ad",
            "bad.example#?#div",
        ),
        *("# hosts", "0.0.0.0 localhost", "bad.example$$script", "127.0.0.1 localhost"),
    ],
)
def test_what_is_no_row(parse, line):
    values, _, rows = parse(ABP, line)
    assert (values, rows.blank, rows.refused) == ([], 1, [])


def test_exceptions_list_nothing(parse):
    values, _, rows = parse(ABP, "@@||good.example^\n||bad.example^\n")
    assert (values, rows.filtered) == (["bad.example"], 1)


def test_declared_modifiers(parse):
    assert parse(ABP + '[options]\nmodifiers = ["script"]\n', "||a.example^$script\n||b.example^$all\n")[0] == [
        "a.example"
    ]
    assert (
        len(parse(ABP + '[options]\nmodifiers = ["*"]\n', "||a.example^$domain=x.example\n||b.example^$a,b\n")[0]) == 2
    )


def test_it_has_no_fields(parse):
    with pytest.raises(ValueError, match=r"fields\.status: parser abp has"):
        parse(ABP + '[fields]\nstatus = "x"\n', "")


@given(st.text(alphabet="|@$^*/.#:![]ab0 \n,=-é", max_size=80))
def test_nothing_but_its_own_refusals(text):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + ABP))
    for run in parser.units([text.encode()]):
        rows = parser.parse(parser.begin(run.units))
        assert len(rows.values) + rows.blank + rows.filtered + len(rows.refused) == len(run.units)
