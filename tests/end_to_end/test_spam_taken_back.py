"""A record that an agent takes back: gone from the agent, from who has it, and from whoever it was passed on to."""

import hashlib

import pytest
from support.daemon import free_port
from support.mail_host import MailHost

from demo.post.mails import mail
from tipd.agent import peers
from tipd.agent.carrying import lines_of
from tipd.agent.chain import Chain
from tipd.agent.peers import Peer
from tipd.clock import SystemClock
from tipd.modules.spamtrap.agents.sharing import peers_file

ONWARD = '[views.redacted]\nonward = true\ntlp = "green"\n'


@pytest.fixture
def host(tmp_path):
    """Give a mail host whose records may be passed on; it is ended."""
    made = MailHost(tmp_path / "host", views=ONWARD)
    yield made
    made.kill()


def agent(url, token_file):
    """Return a daemon's section for an agent."""
    return f'[[modules.spamtrap.agents]]\nname = "mx1"\nurl = "{url}"\ntoken_file = "{token_file}"\nevery = "1s"\n'


def holds(daemon, names):
    """Return a condition: the daemon shows these mails and no other."""
    return lambda: {row["sha256"] for row in daemon.get("/api/v1/mails?limit=1000")["mails"]} == names


def test_what_is_taken_back_is_gone_everywhere_and_nothing_else_is(make_daemon, pg_server, host, tmp_path):
    mails = [mail(number) for number in range(12)]
    names = [hashlib.sha256(each).hexdigest() for each in mails]
    peer = host.enroll("alice")
    host.deliver(*mails[:8])
    host.start()
    port = free_port()
    sharing = f'[sharing]\nenabled = true\nlisten = "127.0.0.1:{port}"\ntlp = "green"\n'
    alice = make_daemon(settings=agent(host.base, peer.token_file) + sharing).start()
    alice.wait_for(holds(alice, set(names[:8])), 60, "what was there")
    token = tmp_path / "token"
    token.write_text(peers.enroll(peers_file(alice.state), "bob", Peer(view="redacted"), SystemClock().now()))
    token.chmod(0o600)
    bob = make_daemon(
        dsn=pg_server.dsn(pg_server.create_migrated()), settings=agent(f"http://127.0.0.1:{port}/mx1", token)
    )
    bob.start()
    bob.wait_for(holds(bob, set(names[:8])), 60, "what was passed on")

    host.run("withdraw", names[2], "--reason", "erasure")
    left = set(names[:8]) - {names[2]}
    for daemon in (alice, bob):
        daemon.wait_for(holds(daemon, left), 30, "it to be taken back")
    host.deliver(*mails[8:])
    for daemon in (alice, bob):
        daemon.wait_for(holds(daemon, left | set(names[8:])), 30, "what came afterwards")
    assert host.get("/v1/versions/1", peer.token)[0] == 410
    for folder in (host.state / "chains", *(daemon.state / "agents" / "mx1" for daemon in (alice, bob))):
        chain = Chain(folder / "redacted")
        links = list(chain.check())
        assert all(link.state != "bad" for link in links)
        bodies = [chain.body(link.n) for link in links if link.state == "good"]
        assert {known.sha256 for body in bodies for known, _ in lines_of(body)} == left | set(names[8:])
    late = make_daemon(
        dsn=pg_server.dsn(pg_server.create_migrated()), settings=agent(f"http://127.0.0.1:{port}/mx1", token)
    )
    late.start()
    late.wait_for(holds(late, left | set(names[8:])), 60, "one that comes late to have all the others")
    kinds = {finding["kind"] for daemon in (alice, bob, late) for finding in daemon.findings()}
    assert "agent.refused" not in kinds
