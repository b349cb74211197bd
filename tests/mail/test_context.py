"""What a host knows besides a mail's bytes."""

from tipd.mail.context import Context


def test_a_host_may_know_nothing():
    assert Context() == Context(received_at=None, own=(), authserv_id="", trap="", recipients=())
