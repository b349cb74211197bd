"""Snort and Suricata rules to addresses and names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.parsers.registry import build

SNORT = 'parser = "snort"\nkind = "auto"\n'
END = '(msg:"x; y"; reference:url,a.example/1; sid:1; rev:2;)'


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (f"alert ip [192.0.2.1,198.51.100.0/24] any -> $HOME_NET any {END}", ["192.0.2.1", "198.51.100.0/24"]),
        (f"alert ip [192.0.2.1, 192.0.2.2] any -> $HOME_NET any {END}", ["192.0.2.1", "192.0.2.2"]),
        (f"drop tcp $HOME_NET any -> 192.0.2.1 443 {END}", ["192.0.2.1"]),
        (
            f"alert tcp any any <> [2001:db8::1,[192.0.2.1,192.0.2.2]] [80,443] {END}",
            ["2001:db8::1", "192.0.2.1", "192.0.2.2"],
        ),
        (f"alert ip [$BAD,192.0.2.1] any -> !$HOME_NET any {END}", ["192.0.2.1"]),
        (f"alert ip 192.0.2.1 any -> 192.0.2.1 any {END}", ["192.0.2.1"]),
    ],
)
def test_addresses(parse, rule, values):
    found, _, rows = parse(SNORT, rule)
    assert (found, rows.refused) == (values, [])


@pytest.mark.parametrize(
    "side", ["!192.0.2.1", "[192.0.2.1,!192.0.2.2]", "![192.0.2.1]", "[192.0.2.0/24,![192.0.2.5,192.0.2.6]]"]
)
def test_an_excepted_address_turns_the_rule_around(parse, side):
    found, _, rows = parse(SNORT, f"alert ip {side} any -> any any {END}")
    assert (found, rows.refused) == ([], [(0, "negated")])


def test_one_side(parse):
    rule = f"alert ip 192.0.2.1 any -> 192.0.2.2 any {END}"
    assert parse(SNORT + '[options]\naddresses = ["destination"]\n', rule)[0] == ["192.0.2.2"]


def test_what_stands_beside(parse):
    rule = 'alert ip 192.0.2.1 any -> any any (msg:"a \\"b\\"; c"; sid:7; '
    rule += "reference:cve,2026-1; reference:url,a.example/1;)"
    assert parse(SNORT, rule)[1] == [{"reference": ["cve,2026-1", "a.example/1"]}]
    declared = SNORT + '[fields]\nsid = "sid"\nmsg = "msg"\nreference = ""\n'
    assert parse(declared, rule)[1] == [{"sid": "7", "msg": 'a \\"b\\"; c'}]


def test_where(parse):
    body = "alert ip 192.0.2.1 any -> any any (sid:1; classtype:trojan-activity;)\n"
    body += "alert ip 192.0.2.2 any -> any any (sid:2; classtype:policy;)\n"
    found, _, rows = parse(SNORT + '[where]\nclasstype = ["trojan-activity"]\n', body)
    assert (found, rows.filtered) == (["192.0.2.1"], 1)


DNS = "alert dns any any -> any any (dns.query; {0} sid:1;)"


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (DNS.format('content:"bad.example"; nocase; endswith;'), ["bad.example"]),
        (DNS.format('dotprefix; content:".bad.example"; endswith;'), ["bad.example"]),
        (DNS.format('content:"bad|2e|example"; bsize:11;'), ["bad.example"]),
        (DNS.format('content:"bad.example"; isdataat:!1,relative;'), ["bad.example"]),
        ('alert udp any any -> any 53 (content:"|03|bad|07|example|00|"; sid:1;)', ["bad.example"]),
        ('alert tls any any -> any any (tls.sni; content:"bad.example"; endswith; sid:1;)', ["bad.example"]),
        ('alert tcp any any -> any any (content:"bad.example"; http_host; endswith; sid:1;)', ["bad.example"]),
        (
            'alert http any any -> any any (http.host; content:"bad.example"; bsize:11; http.uri; content:"/x";)',
            ["bad.example"],
        ),
        ('alert http (http_header:field host; content:"bad.example", endswith; sid:1;)', ["bad.example"]),
        # Part of a name, one of several, one that must not stand there, another buffer: no whole name.
        (DNS.format('content:"bad.example";'), []),
        (DNS.format('content:"bad"; content:"example.org"; endswith;'), []),
        (DNS.format('content:!"bad.example"; endswith;'), []),
        (DNS.format('content:"bad.example"; endswith; content:"x";'), []),
        ('alert http any any -> any any (http.uri; content:"bad.example"; endswith; sid:1;)', []),
        ('alert udp any any -> any 53 (content:"|03|bad|07|example"; sid:1;)', []),
    ],
)
def test_names(parse, rule, values):
    found, _, rows = parse(SNORT + '[options]\ncontent = ["dns", "tls", "http"]\n', rule)
    assert found == values
    assert [reason for _, reason in rows.refused] == ([] if values else ["unsupported"])
    assert parse(SNORT, rule)[0] == []


def test_what_is_switched_off_or_lets_pass(parse):
    body = f"# alert ip 192.0.2.1 any -> any any {END}\n#alert ip 192.0.2.2 any -> any any {END}\n\n"
    found, _, rows = parse(SNORT, body + f"pass ip 192.0.2.3 any -> any any {END}\n")
    assert (found, rows.blank, rows.filtered) == ([], 3, 1)


def test_rules_over_several_lines():
    body = b"# c \\\nalert ip [192.0.2.1,\\\n192.0.2.2] any \\\n-> any any (sid:1;)\n"
    body += b"alert ip 192.0.2.3 any -> any any (sid:2;)\n\\"
    for size in (7, 1000):
        parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + SNORT))
        found, numbers = [], []
        for run in parser.units(body[at : at + size] for at in range(0, len(body), size)):
            numbers += range(run.first, run.first + len(run.units))
            rows = parser.parse(parser.begin(run.units))
            found += [(run.first + unit, value) for unit, value in zip(rows.units, rows.values, strict=True)]
        assert found == [(4, b"192.0.2.1"), (4, b"192.0.2.2"), (5, b"192.0.2.3")]
        assert numbers[:6] == [1, 2, 3, 4, 5, 6]


def test_a_rule_without_end_is_not_held():
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + SNORT + "[options]\nlongest = 100\n"))
    runs = list(parser.units([b"alert \\\n" * 100]))
    assert sum(len(run.overlong) for run in runs) >= 5
    assert all(len(unit) <= 100 for run in runs for unit in run.units)


@pytest.mark.parametrize("line", ["x", "alert", "alert ip 192.0.2.1", "<html>", "alert ip 192.0.2.1 any -> any any"])
def test_what_is_no_rule(parse, line):
    assert parse(SNORT, line)[2].refused == [(0, "malformed")]


pieces = st.sampled_from(
    [
        "alert",
        "ip",
        "192.0.2.1",
        "any",
        "->",
        "[",
        "]",
        "!",
        "(",
        ")",
        ";",
        'content:"',
        "|",
        "|41|",
        "dns.query;",
        "\\",
        "\n",
        " ",
        ",",
    ]
)


@given(st.lists(pieces | st.text(max_size=4), max_size=40))
def test_nothing_but_its_own_refusals(words):
    parser = build(catalogue.parse('url = "https://lists.example.org/x"\n' + SNORT + '[options]\ncontent = ["dns"]\n'))
    for run in parser.units(["".join(words).encode("utf-8", "replace")]):
        parser.parse(parser.begin(run.units))
