"""Formats that are known by their look."""

import json

import pytest

from tipd.modules.blacklist import trial
from tipd.modules.blacklist.guess import guess

ATTRIBUTE = {"type": "ip-dst", "value": "192.0.2.1", "to_ids": True}
INDICATOR = {
    "type": "indicator",
    "spec_version": "2.1",
    "pattern": "[ipv4-addr:value = '192.0.2.1']",
    "id": "indicator--1",
}
PAGE = "<!DOCTYPE html>\n<html><body><table><tr><th>a</th></tr><tr><td>192.0.2.1</td></tr></table></body></html>\n"
RULE = 'alert ip [192.0.2.1,192.0.2.2] any -> $HOME_NET any (msg:"x"; sid:1;)\n'


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("document", "parser"),
    [
        ({"Event": {"info": "x", "Attribute": [ATTRIBUTE]}}, "misp"),
        ({"response": {"Attribute": [ATTRIBUTE]}}, "misp"),
        ({"response": [{"Event": {"Attribute": [ATTRIBUTE]}}]}, "misp"),
        ({"type": "bundle", "id": "bundle--1", "objects": [INDICATOR]}, "stix"),
        ({"more": False, "objects": [INDICATOR]}, "stix"),
        ({"objects": [{"ip": "192.0.2.1"}] * 3}, "json"),
    ],
)
def test_documents(tmp_path, document, parser, indent):
    check(tmp_path, json.dumps(document, indent=indent), parser)


@pytest.mark.parametrize(
    ("body", "parser"),
    [
        ('<?xml version="1.0"?>\n<rss><channel><item><link>http://a.example/</link></item></channel></rss>', "rss"),
        ('<feed xmlns="x"><entry><link href="http://a.example/"/></entry></feed>', "rss"),
        (PAGE, "html"),
        ("$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\nbad.example CNAME .\n*.bad.example 60 IN CNAME .\n", "rpz"),
        ("32.1.2.0.192.rpz-ip CNAME .\n24.0.2.0.192.rpz-ip CNAME rpz-drop.\n", "rpz"),
        ("[Adblock Plus 2.0]\n! Title: x\n||bad.example^\n||worse.example^$all\n", "abp"),
        (f"# c\n#{RULE}{RULE}", "snort"),
        ("192.0.2.1\n192.0.2.2 # alert\n", "lines"),
        ("bad.example\nworse.example\n", "lines"),
    ],
)
def test_texts(tmp_path, body, parser):
    check(tmp_path, body, parser)


def check(tmp_path, body, parser):
    path = tmp_path / "body"
    path.write_text(body)
    tree, because = guess(path)
    assert tree["parser"] == parser
    assert because
    tried = trial.run(trial.Chosen(body=path), path, tmp_path)
    assert tried.state == "ok"
    assert tried.rows
