"""Records as text: names lower-case and without the last dot."""

import dns.rdata
import pytest

from tipd.net.resolver.texts import record_text


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("NS", "NS1.Example.ORG.", "ns1.example.org"),
        ("CNAME", "X.", "x"),
        ("PTR", ".", "."),
        ("MX", "10 Mail.Example.org.", "10 mail.example.org"),
        ("SOA", "A.b. C.d. 1 2 3 4 5", "a.b c.d 1 2 3 4 5"),
        ("TXT", '"v=spf1 -all" "Two"', '"v=spf1 -all" "Two"'),
        ("NS", r"a\.b\032c.example.", r"a\.b\032c.example"),
    ],
)
def test_the_text_is_canonical(kind: str, text: str, expected: str) -> None:
    assert record_text(dns.rdata.from_text("IN", kind, text)) == expected
