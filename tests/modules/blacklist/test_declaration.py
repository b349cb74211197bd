"""A declaration's values."""

from datetime import timedelta

import pytest

from tipd.model.kind import Kind
from tipd.modules.blacklist import catalogue, declaration

URL = 'url = "https://lists.example.org/x"\n'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "url: give either"),
        (URL + 'path = "/x"', "url: give either"),
        ('path = "x"', "path: must be absolute"),
        ('url = "ftp://lists.example.org/"', "line 1: url: only http and https"),
        ('url = "https://u:p@lists.example.org/"', "use credential"),
        ('url = "nonsense"', "is not a URL"),
        (URL + 'name = "Bad Name"', "line 2: name:"),
        (URL + 'parser = "lnes"', "line 2: parser: there is no parser 'lnes' (did you mean 'lines'?)"),
        (URL + 'kind = "ip"', "line 2: kind: 'ip' is not a valid kind"),
        (URL + 'class = "Bad Class"', "line 2: class: there is no class 'Bad Class'"),
        (URL + 'class = "bruteforce"', "line 2: class: there is no class 'bruteforce' (did you mean 'brute-force'?)"),
        (URL + 'tlp = "white"', "line 2: tlp:"),
        (URL + 'timezone = "Mars/Base"', "line 2: timezone:"),
        (URL + 'every = "5"', "line 2: every: not a duration"),
        (URL + 'every = "1m"', "line 2: every: 1m is shorter than 5m"),
        (URL + 'every = "1h"\nmin_interval = "2h"', "line 2: every: 1h is shorter than 2h"),
        (URL + 'allow_networks = ["10.0.0.1/8"]', "line 2: allow_networks:"),
        (URL + 'credential = "../x"', "credential:"),
        (URL + '[request]\nbody = "x"', "request.body: goes with method POST"),
        (URL + "[request]\nmethd = 1", "line 3: request.methd: unknown key (did you mean 'method'?)"),
        (URL + "[expect]\nmax_shrink = 2.0", "max_shrink must be from 0 to 1"),
        (URL + '[expect]\nmax_age = "x"', "max_age: not a duration"),
        (URL + "[options]\nskipp = 1", "line 3: options.skipp: unknown key (did you mean 'skip'?)"),
        (URL + "[options]\nskip = -1", "skip must not be negative"),
        (URL + 'parser = "regex"\n[options]\n', "Object missing required field `pattern`"),
        (URL + '[fields]\n"Bad Name" = 1', "fields.Bad Name"),
        ("not toml", "Expected '='"),
    ],
)
def test_what_is_wrong_is_said(text, error):
    with pytest.raises(ValueError) as caught:
        catalogue.parse(text)
    assert error in str(caught.value)


def test_every_may_be_short_for_an_address():
    assert catalogue.parse('url = "http://127.0.0.1:80/x"\nevery = "1s"\n').every == "1s"


def test_kinds():
    assert catalogue.parse(URL).kinds == frozenset(Kind)
    assert catalogue.parse(URL + 'kind = ["ipv4", "ipv6"]').kinds == {Kind.IPV4, Kind.IPV6}


def test_the_floor():
    source = catalogue.parse(URL)
    assert source.floor(nearby=False) == timedelta(minutes=5)
    assert source.floor(nearby=True) == timedelta(seconds=1)
    assert catalogue.parse(URL + 'min_interval = "2h"\nevery = "2h"').floor(nearby=True) == timedelta(hours=2)
    assert catalogue.parse('path = "/x"').floor(nearby=False) == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("url", "own", "near"),
    [
        ("http://127.0.0.1:80/", "", True),
        ("http://localhost/", "", True),
        ("http://[2001:db8::1]/", "", False),
        ("http://192.0.2.1/", "", False),
        ("http://192.0.2.1/", '["192.0.2.0/24"]', True),
        ("http://lists.example.org/", '["0.0.0.0/0"]', False),
    ],
)
def test_who_is_near(url, own, near):
    source = catalogue.parse(f'url = "{url}"\n' + (f"allow_networks = {own}\n" if own else ""))
    assert source.is_nearby(("127.0.0.0/8",)) is near


@pytest.mark.parametrize(
    ("line", "reads_anew"),
    [
        ('kind = "ipv4"', True),
        ('absence = "nothing"', True),
        ('timezone = "Europe/Berlin"', True),
        ("[expect]\nmin_rows = 3", True),
        ("[options]\nskip = 1", True),
        ('[fields]\nreference = "comment"', True),
        ('parser = "delimited"\n[where]\n1 = ["online"]', True),
        ('[ageing]\nfrom = "first"', True),
        ('[signature]\nkey_file = "/etc/tipd/k.asc"', True),
        ('member = "*.csv"', True),
        ('credential = "key"', True),
        ('url = "https://lists.example.org/y"', True),
        ('about = "other"', False),
        ('every = "2h"', False),
        ('tlp = "clear"', False),
    ],
)
def test_the_digest_changes_with_the_reading(line, reads_anew):
    base, other = catalogue.parse(URL), catalogue.parse(line if line.startswith("url") else URL + line)
    assert (base.digest() != other.digest()) is reads_anew
    assert base.declared() != other.declared()


def test_the_digest_changes_with_the_guard_lists(monkeypatch):
    before = catalogue.parse(URL).digest()
    monkeypatch.setattr(declaration, "BOGONS4", (*declaration.BOGONS4, "198.51.100.0/24"))
    declaration._guard_lists.cache_clear()
    assert catalogue.parse(URL).digest() != before
    monkeypatch.undo()
    declaration._guard_lists.cache_clear()
    assert catalogue.parse(URL).digest() == before


def test_an_operators_own_source_is_kept_close():
    source = catalogue.parse(URL)
    assert (source.redistribute, source.tlp, source.commercial) == (False, "amber", "ask")
