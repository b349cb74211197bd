"""What the configuration of spamtraps may say, and how its faults are named."""

import msgspec
import pytest

from tipd.modules.spamtrap.settings import Layout, SharingSettings, SpamtrapSettings, networks_of

ARCHIVE = {"name": "a", "url": "http://archive.example/spam/"}
AGENT = {"name": "mx1", "url": "https://mx1.example.org:8472"}


def made(**said):
    return msgspec.convert(said, SpamtrapSettings)


def test_the_examples_of_the_blueprint():
    settings = made(archives=[ARCHIVE], agents=[AGENT | {"token_file": "/etc/tipd/mx1.token"}])
    assert settings.archives[0].layout == Layout() and settings.archives[0].every == "1d"
    assert settings.agents[0].view == "" and settings.agents[0].tlp == "clear"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"archives": [ARCHIVE | {"url": "ftp://x/"}]}, "url: 'ftp://x/' is no address"),
        ({"archives": [ARCHIVE | {"url": "http://[x"}]}, "url: "),
        ({"archives": [ARCHIVE | {"path": "/x"}]}, "either url or path"),
        ({"archives": [{"name": "a"}]}, "either url or path"),
        ({"archives": [ARCHIVE | {"name": "A b"}]}, "name must be"),
        ({"archives": [ARCHIVE | {"every": "soon"}]}, "every: not a duration"),
        ({"archives": [ARCHIVE | {"every": "0s"}]}, "every: must be at least 1s"),
        ({"archives": [ARCHIVE | {"tlp": "pink"}]}, "tlp: 'pink' is no TLP mark"),
        ({"archives": [ARCHIVE | {"trap": "sour"}]}, "Invalid enum value"),
        ({"archives": [ARCHIVE | {"own_networks": ["x"]}]}, "own_networks: 'x' is no network"),
        ({"archives": [ARCHIVE | {"layout": {"depth": 9}}]}, "depth must be"),
        ({"archives": [ARCHIVE | {"layout": {"grows": -1}}]}, "grows must not"),
        ({"archives": [ARCHIVE | {"layout": {"members": ["x"] * 101}}]}, "members holds more than"),
        ({"archives": [ARCHIVE, ARCHIVE]}, r"archives\[1\].name: there are two of the name 'a'"),
        ({"archives": [ARCHIVE], "agents": [AGENT | {"name": "a"}]}, r"agents\[0\].name: there are two"),
        ({"agents": [AGENT | {"push": True}]}, "push: "),
        ({"agents": [{"name": "Ä", "push": True}]}, "name must be"),
        ({"agents": [AGENT | {"client_cert_file": "x"}]}, "client_cert_file goes with"),
        ({"agents": [AGENT | {"public_key": "AAAA"}]}, "public_key must be"),
        ({"agents": [AGENT | {"public_key": "?"}]}, "public_key must be"),
        ({"agents": [AGENT | {"keep_versions": "x"}]}, "keep_versions: "),
        ({"max_archive": "much"}, "max_archive: not a size"),
        ({"at_once": 0}, "at_once must be"),
        ({"max_members": 0}, "max_members must be"),
        ({"worker_memory_mb": 1}, "worker_memory_mb must be"),
        ({"stall": "0s"}, "stall: must be"),
    ],
)
def test_faults_name_their_key(said, fault):
    with pytest.raises(msgspec.ValidationError, match=fault):
        made(**said)


def test_own_networks_and_relays_are_inside_the_boundary():
    (archive,) = made(archives=[ARCHIVE | {"own_networks": ["192.0.2.0/24"], "relays": ["198.51.100.7"]}]).archives
    assert [str(each) for each in archive.own] == ["192.0.2.0/24", "198.51.100.7/32"]
    assert networks_of((), "x") == ()


def test_an_agent_that_pushes_needs_no_address():
    assert made(agents=[{"name": "mx2", "push": True}]).agents[0].push


@pytest.mark.parametrize(
    ("said", "fault"), [({"tlp": "x"}, "tlp: "), ({"tls_cert_file": "x"}, "tls_cert_file goes with")]
)
def test_faults_of_sharing(said, fault):
    with pytest.raises(msgspec.ValidationError, match=fault):
        msgspec.convert(said, SharingSettings)
