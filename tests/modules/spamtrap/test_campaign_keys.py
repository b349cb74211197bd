"""What mails of one campaign have in common, and what half the world's mails have."""

import pytest

from tipd.mail.record import Attachment, Record
from tipd.modules.spamtrap.campaign_keys import files_of, keys_of
from tipd.modules.spamtrap.judging import Link


def record(**said):
    return Record(sha256="ab" * 32, at="", size=1, **said)


def link(host, shape="/", shared=False):
    return Link(host, host + shape, f"http://{host}{shape}", shared)


def test_sub_domains_and_paths_make_no_other_key():
    one = keys_of(record(), [link("a.evil.example", "/1"), link("b.evil.example", "/2")])
    assert one == keys_of(record(), [link("*.evil.example", "/{t}")])
    assert one != keys_of(record(), [link("other.example", "/1")])


def test_customers_of_one_hoster_are_not_one():
    assert keys_of(record(), [link("one.github.io")]) != keys_of(record(), [link("two.github.io")])


def test_hosts_of_strangers_are_no_key():
    assert keys_of(record(), [link("bit.ly", shared=True)]) == ()
    both = keys_of(record(), [link("bit.ly", shared=True), link("evil.example")])
    assert both == keys_of(record(), [link("evil.example")])


def test_addresses_are_hosts_too():
    assert keys_of(record(), [link("192.0.2.7")]) != keys_of(record(), [link("192.0.2.8")])
    assert len(keys_of(record(), [link("2001:db8::7")])) == 1


def test_the_strongest_comes_first():
    file = Attachment(name="a.exe", size=5000, sha256="cd" * 32)
    said = record(template="0123456789abcdef", attachments=(file,), subject_hash="aa", subject="x" * 40)
    keys = keys_of(said, [link("evil.example")])
    assert len(keys) == 3 and keys[0] == keys_of(record(), [link("evil.example")])[0]
    assert keys[2] == keys_of(record(template="0123456789abcdef"), [])[0]
    assert all(-(2**63) <= key < 2**63 for key in keys)


@pytest.mark.parametrize(
    "file",
    [
        Attachment(name="pixel.gif", real="image/gif", size=900, sha256="cd" * 32),
        Attachment(name="logo.png", real="image/png", size=8000, sha256="cd" * 32),
        Attachment(name="smime.p7s", size=500, sha256="cd" * 32),
        Attachment(name="cut", size=9000),
        Attachment(name="odd", size=9000, sha256="cd"),
    ],
)
def test_small_files_and_logos_are_no_keys(file):
    assert files_of((file,)) == [] and keys_of(record(attachments=(file,)), []) == ()


def test_a_mail_with_nothing_of_its_own_has_no_key_but_a_long_subject():
    assert keys_of(record(subject="Hi", subject_hash="aa"), []) == ()
    assert len(keys_of(record(subject="Your parcel waits for you", subject_hash="aa"), [])) == 1
