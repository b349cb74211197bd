"""What the host's own checks found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.authres import read
from tipd.mail.record import Auth, Dkim
from tipd.model.canonical.suffix import registrable

OWN = (
    "mx1.example.org; spf=pass (sender is good) smtp.mailfrom=bounce@news.example.net; "
    'dkim=fail reason="no" header.d=other.example; dkim=pass header.i=@example.net header.s=k; '
    "dmarc=pass header.from=example.net"
)
FORGED = "mx9.example.com; dkim=pass header.d=bank.example"


def test_the_own_field_is_believed_and_nobody_elses():
    found = read([FORGED, OWN], "MX1.example.org", "www.example.net", registrable)
    assert found == Auth(
        spf="pass",
        spf_domain="news.example.net",
        dkim=(Dkim(domain="other.example", result="fail"), Dkim(domain="example.net", result="pass")),
        dmarc="pass",
        aligned=True,
    )
    assert read([FORGED], "mx1.example.org", "bank.example", registrable) is None
    assert read([OWN], "", "example.net", registrable) is None


def test_a_pass_for_another_domain_is_not_aligned():
    found = read([OWN], "mx1.example.org", "bank.example", registrable)
    assert found is not None and not found.aligned


@pytest.mark.parametrize("domain", ["", "example.net"])
def test_without_a_pass_nothing_is_aligned(domain):
    found = read(
        ["mx1.example.org; spf=fail smtp.mailfrom=a@example.net; dkim=none"], "mx1.example.org", domain, registrable
    )
    assert found is not None and not found.aligned and found.dkim == (Dkim(domain="", result="none"),)


def test_the_top_field_is_the_hosts():
    first = "mx1.example.org; spf=fail smtp.mailfrom=a@example.net"
    found = read([first, OWN], "mx1.example.org", "example.net", registrable)
    assert found is not None and found.spf == "fail"


@given(st.text(max_size=400))
def test_no_text_raises(text):
    read(["mx1.example.org;" + text], "mx1.example.org", "example.net", registrable)


def test_a_field_without_end_is_read_in_no_time():
    assert read(["mx1.example.org; " + "(" * 1_000_000], "mx1.example.org", "a.example", registrable) == Auth()


def test_a_result_is_one_of_those_there_are():
    found = read(["mx; spf=wandafinchley; dkim=wanda header.d=a.example; dmarc=finchley; spf=pass"], "mx", "", str)
    assert found == Auth(spf="pass")
