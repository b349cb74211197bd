"""Which versions name what is forgotten."""

import pytest
import zstandard
from support.pulling import mail

from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.modules.spamtrap.agents.seeking import SeekJob, seek

SEED = 7


def job(folder, lines, value, *, text=True):
    path = folder / "1.jsonl.zst"
    path.write_bytes(zstandard.compress(mail(0) + lines))
    found = canonical(value)
    key = key_of(SEED, found.kind, found.value)
    paths = (str(folder / "none"), str(path))
    return SeekJob(paths=paths, keys=(key,), seed=SEED, text=found.value if text else "")


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("203.0.113.9", b'{"hosts":["203.0.113.9"]}'),
        ("evil.example.org", b'{"urls":["http://www.evil.example.org/a"]}'),
        ("evil.example.org", b'{"urls":["http://\\u0065vil.example.org/a"]}'),
        ("http://evil.example.org/a", b'{"urls":["http://Evil.example.org:80/a"]}'),
        ("2001:db8::1", b'{"received":[{"from":"[IPv6:2001:0DB8:0::1]"}]}'),
        ("xn--bcher-kva.example", '{"from":"a@bücher.example"}'.encode()),
        ("jane@example.net", b'{"mails":["jane@example.net"]}'),
    ],
)
def test_a_version_that_names_it_is_found(tmp_path, value, line, text):
    assert seek(job(tmp_path, line, value, text=text)) == (1,)


@pytest.mark.parametrize("text", [True, False])
def test_another_value_is_not(tmp_path, text):
    assert seek(job(tmp_path, b'{"hosts":["203.0.113.99"]}', "203.0.113.9", text=text)) == ()


def test_what_cannot_be_read_is_found(tmp_path):
    asked = job(tmp_path, b"", "203.0.113.9")
    (tmp_path / "1.jsonl.zst").write_bytes(b"no zstd")
    assert seek(asked) == (1,)
