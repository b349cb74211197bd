"""A real agent on a mail host and a real daemon that pulls it over TLS: told at once, each mail once, whoever dies."""

import shutil

import pytest
from support.mail_host import MailHost

from demo.post.mails import mail


@pytest.fixture
def host(tmp_path):
    """Give a mail host that speaks TLS; it is ended."""
    made = MailHost(tmp_path / "host", tls=True, trap_domains='["trap.example.org"]')
    yield made
    made.kill()


def agent(host, peer, *, name="mx1", more=""):
    """Return the daemon's section for an agent."""
    return (
        f'[[modules.spamtrap.agents]]\nname = "{name}"\nurl = "{host.base}"\nca_file = "{host.certificate}"\n'
        f'token_file = "{peer.token_file}"\n{more}'
    )


def told(daemon, name="mx1"):
    """Return what the daemon tells of an agent."""
    rows = [row for row in daemon.get("/api/v1/agents")["agents"] if row["name"] == name]
    return rows[0] if rows else None


def taken(daemon, count, name="mx1"):
    """Return a condition: the daemon has so many records."""
    return lambda: (row := told(daemon, name)) is not None and row["records"] >= count and row


def test_what_lands_in_the_maildir_is_told_and_each_mail_once_whoever_is_killed(make_daemon, host):
    peer = host.enroll("lab")
    host.deliver(*(mail(number) for number in range(60)))
    host.start()
    daemon = make_daemon(settings=agent(host, peer)).start()
    row = daemon.wait_for(taken(daemon, 60), 60, "the backlog")
    assert row["gaps"] == 0
    assert row["pinned"] is True
    assert row["key"] == peer.public_key
    host.deliver(*(mail(number) for number in range(60, 90)))
    daemon.wait_for(taken(daemon, 90), 30, "what came meanwhile")
    daemon.kill()
    host.kill()
    host.deliver(*(mail(number) for number in range(90, 120)))
    host.start()
    daemon.start()
    daemon.wait_for(taken(daemon, 120), 60, "what came while both were dead")
    assert told(daemon)["records"] == 120
    page = daemon.get("/api/v1/mails?limit=1000")
    assert len({row["sha256"] for row in page["mails"]}) == len(page["mails"]) == 120
    kinds = {finding["kind"] for finding in daemon.findings()}
    assert {"agent.version", "agent.pinned", "spam.campaign", "spam.url", "indicator.listed"} <= kinds
    assert not {"agent.refused"} & kinds
    assert daemon.stop() == 0
    assert host.stop() == 0


def test_who_is_revoked_gets_nothing_more_and_the_daemon_says_so(make_daemon, host):
    peer = host.enroll("lab")
    host.deliver(*(mail(number) for number in range(20)))
    host.start()
    daemon = make_daemon(settings=agent(host, peer, more='every = "1s"\n')).start()
    daemon.wait_for(taken(daemon, 20), 60, "the backlog")
    host.run("peers", "revoke", "lab")
    host.wait_for(lambda: host.status("/v1/versions", peer.token) == 401, 5, "the token to be refused")
    host.deliver(mail(20))
    daemon.wait_for(lambda: told(daemon)["error"], 30, "the daemon to say so")
    assert told(daemon)["records"] == 20
    assert "401" in told(daemon)["error"] or "token" in told(daemon)["error"]


def test_a_chain_that_was_rewritten_is_refused_and_the_last_good_cursor_stays(make_daemon, host):
    peer = host.enroll("lab")
    host.deliver(*(mail(number) for number in range(20)))
    host.start()
    daemon = make_daemon(settings=agent(host, peer, more='every = "1s"\n')).start()
    daemon.wait_for(taken(daemon, 20), 60, "the backlog")
    before = told(daemon)
    assert host.stop() == 0
    shutil.rmtree(host.state / "chains")  # the numbers begin again, with other mails
    for ledger in host.state.glob("ledger.sqlite*"):
        ledger.unlink()
    host.deliver(*(mail(number) for number in range(20, 60)))
    host.start()
    daemon.wait_for(lambda: told(daemon)["refused"], 30, "the refusal")
    after = told(daemon)
    assert (after["last"], after["records"]) == (before["last"], before["records"])
    refusals = [finding for finding in daemon.findings() if finding["kind"] == "agent.refused"]
    assert refusals
    assert refusals[0]["source"] == "mx1"
