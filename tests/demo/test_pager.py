"""The pager believes only what is signed."""

import json

from demo.pager import SECRET, Pager, signed
from tipd.watching.group import signature

FINDING = {
    "kind": "indicator.listed",
    "source": "demo",
    "subject": {"kind": "ipv4", "value": "192.0.2.66"},
    "watches": ["ours"],
}


def test_what_the_daemon_signs_is_taken_and_said(capsys):
    pager = Pager()
    body = json.dumps({"findings": [FINDING, FINDING]}).encode()
    headers = {b"tipd-signature": signature(SECRET, body, 1_790_000_000).encode()}
    assert pager.answer(0, headers, body).status == 200
    assert (pager.findings, pager.forged) == (2, 0)
    assert "the watch ours fires: indicator.listed 192.0.2.66 by demo" in capsys.readouterr().out


def test_what_is_not_signed_is_refused():
    pager = Pager()
    body = json.dumps({"findings": [FINDING]}).encode()
    assert pager.answer(0, {}, body).status == 403
    forged = {b"tipd-signature": signature(b"guessed", body, 1).encode()}
    assert pager.answer(0, forged, body).status == 403
    assert (pager.findings, pager.forged) == (0, 2)
    assert not signed("rubbish", body)
