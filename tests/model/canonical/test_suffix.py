"""Public suffixes, against the package whose data we read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from tipd.model.canonical.suffix import is_public_suffix, registrable, rules

THEIRS = PublicSuffixList()
some = st.sampled_from(sorted(rules().names)) | st.sampled_from(sorted(rules().exceptions | rules().wildcards))


@given(some, st.sampled_from(["", "a.", "www.", "city.", "a.b."]))
def test_the_same_as_the_package(name, before):
    assert is_public_suffix(before + name) == (THEIRS.publicsuffix(before + name) == before + name)


@pytest.mark.parametrize(
    "name", ["com", "co.uk", "github.io", "nosuchtld", "foo.ck", "xn--p1ai", "kobe.jp", "x.kobe.jp"]
)
def test_suffixes(name):
    assert is_public_suffix(name)


@pytest.mark.parametrize(
    "name", ["example.com", "a.github.io", "www.ck", "city.kobe.jp", "a.b.nosuchtld", "b.nosuchtld"]
)
def test_names_below(name):
    assert not is_public_suffix(name)


@pytest.mark.parametrize(
    ("name", "apex"),
    [
        ("www.example.org", "example.org"),
        ("example.org", "example.org"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("deep.site.github.io", "site.github.io"),
        ("github.io", "github.io"),
        ("co.uk", "co.uk"),
        ("host.unknowntop", "host.unknowntop"),
        ("unknowntop", "unknowntop"),
    ],
)
def test_the_registrable_domain_is_one_label_more_than_the_suffix(name, apex):
    assert registrable(name) == apex
