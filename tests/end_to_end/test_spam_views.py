"""What leaves a mail host: each peer has its view and no field beyond; no trap's address leaves in any but `full`."""

import pytest
from support import canaries
from support.mail_host import MailHost

from tipd.mail.view import OF_NOBODY

MAILS = 10_000


@pytest.fixture
def make_host(tmp_path):
    """Give a maker of mail hosts; all are ended."""
    made = []

    def make(**options):
        made.append(MailHost(tmp_path / f"host{len(made)}", **options))
        return made[-1]

    yield make
    for host in made:
        host.kill()


def test_three_peers_have_three_views_and_no_field_beyond(make_host):
    own = '[views.hosts_only]\nfields = ["sha256", "at", "hosts"]\ntlp = "clear"\n'
    host = make_host(views=own)
    peers = {view: host.enroll(f"peer-{view}", view) for view in ("urls", "redacted", "full", "hosts_only")}
    host.deliver(*(canaries.mail(number) for number in range(40)))
    host.start()
    keys = {}
    for view, peer in peers.items():
        host.wait_for_records(peer.token, 40)
        assert host.versions(peer.token)["view"] == view
        keys[view] = {key for line in host.lines(peer.token) for key in line}
    assert keys["urls"] <= set(OF_NOBODY)
    assert keys["hosts_only"] <= {"format", "sha256", "at", "size", "hosts"}
    assert {"subject", "from", "recipients", "relay"} <= keys["redacted"]
    assert canaries.found_in(host.raw(peers["full"].token))
    for view in ("urls", "redacted", "hosts_only"):
        assert canaries.found_in(host.raw(peers[view].token)) == []
    for peer in peers.values():
        assert host.get("/v1/mails/" + "0" * 64, peer.token)[0] == (404 if peer is peers["full"] else 403)


def test_the_canary_never_leaves_in_ten_thousand_mails(make_host):
    host = make_host(seal_records="2000")
    peers = [host.enroll("a", "redacted"), host.enroll("b", "urls")]
    host.deliver(*(canaries.mail(number) for number in range(MAILS)))
    host.start()
    for peer in peers:
        host.wait_for_records(peer.token, MAILS, 120)
        raw = host.raw(peer.token)
        assert len(raw.splitlines()) == MAILS
        assert canaries.found_in(raw) == []
        listed = host.get("/v1/versions?since=0", peer.token)[1]
        assert canaries.found_in(listed) == []
    assert host.stop() == 0
