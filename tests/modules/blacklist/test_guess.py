"""How a list is read, guessed from its body."""

import json

import pytest

from tipd.modules.blacklist import trial
from tipd.modules.blacklist.guess import guess, kinds_word


@pytest.mark.parametrize(
    ("body", "parser", "kind", "options"),
    [
        ("# c\n192.0.2.1\n192.0.2.2\n", "lines", "ipv4", {}),
        ("; c\n192.0.2.0/24 ; x\n192.0.2.1 ; y\n", "lines", "network", {"comment": ";"}),
        ("a.example\nb.example.org\n", "lines", "domain", {}),
        ("https://a.example/x\nhttp://b.example/\n", "lines", "url", {}),
        ("192.0.2.1\n2001:db8::1\n", "lines", ["ipv4", "ipv6"], {}),
        ("192.0.2.1\na.example\n", "lines", "auto", {}),
        ("0.0.0.0 a.example\n127.0.0.1 b.example\n", "hosts", "domain", {}),
        ("x:192.0.2.1-192.0.2.9\n", "p2p", "network", {}),
        ("id,ip,x\n1,192.0.2.1,y\n2,192.0.2.2,z\n", "delimited", "ipv4", {"delimiter": ",", "column": 1, "skip": 1}),
        ("a\t192.0.2.1\nb\t192.0.2.2\n", "delimited", "ipv4", {"delimiter": "\t", "column": 1}),
        ("192.0.2.1,192.0.2.2,192.0.2.3\n", "lines", "ipv4", {"separator": ",", "longest": 4194304}),
        (
            "a\tb\tbits\n192.0.2.0\t192.0.2.255\t24\n198.51.100.0\t198.51.100.255\t24\n",
            "delimited",
            "network",
            {"delimiter": "\t", "column": 0, "skip": 1, "end_column": 1},
        ),
        ("192.0.2.9,192.0.2.1,x\n192.0.2.1,192.0.2.9,x\n", "delimited", "ipv4", {"delimiter": ",", "column": 0}),
        ("alert tcp [192.0.2.1,192.0.2.2,198.51.100.0/24] any\n", "regex", "network", None),
        ("block from 192.0.2.1!\nblock from <192.0.2.2>\n", "regex", "network", None),
        ('{"cidr": "192.0.2.0/24", "n": 1}\n{"cidr": "192.0.2.0/25", "n": 2}\n', "jsonl", "network", {"field": "cidr"}),
        (json.dumps([{"ip": "192.0.2.1", "n": "x"}] * 3), "json", "ipv4", {"field": "ip"}),
        (json.dumps({"data": [{"host": "a.example"}]}), "json", "domain", {"records": "data", "field": "host"}),
        (json.dumps(["a.example", "b.example"]), "json", "domain", {}),
        ("", "lines", "auto", {}),
        ("\0\xff rubbish\n???\n", "lines", "auto", {}),
    ],
)
def test_guesses(tmp_path, body, parser, kind, options):
    path = tmp_path / "body"
    path.write_text(body)
    tree, because = guess(path)
    assert (tree["parser"], tree["kind"]) == (parser, kind)
    assert options is None or tree.get("options", {}) == options
    assert because
    trial.run(trial.Chosen(body=path), path, tmp_path)  # and it can be declared like that


def test_a_page_says_so(tmp_path):
    path = tmp_path / "body"
    path.write_text("<html><pre>\nhttp://a.example/x\nhttp://b.example/\n</pre>")
    assert guess(path).tree["expect"] == {"html": True}


def test_rare_kinds_do_not_count():
    assert kinds_word(["192.0.2.1"] * 99 + ["a.example"]) == "ipv4"
    assert kinds_word([]) == "auto"
