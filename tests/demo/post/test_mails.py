"""The demo's mails: the same for the same number, each a mail that programs read, none like the one before."""

import email
from email.policy import compat32

from demo.post import mails


def test_a_mail_is_the_same_for_its_number_and_another_for_the_next_of_its_campaign():
    assert mails.mail(3) == mails.mail(3)
    assert mails.mail(0) != mails.mail(1)
    assert mails.mail(3, seed="host") != mails.mail(3)


def test_every_mail_is_well_formed_and_names_its_trap_where_delivery_writes_it():
    for number in range(21):
        message = email.message_from_bytes(mails.mail(number), policy=compat32)
        assert not [defect for part in message.walk() for defect in part.defects]
        assert message["Delivered-To"] in mails.TRAPS
        assert f"for <{message['Delivered-To']}>" in message.get_all("Received")[0]
        assert any(f"[{relay}]" in message.get_all("Received")[0] for relay in mails.RELAYS)


def test_the_trap_hides_in_links_too():
    assert "old.webmaster" in mails.TRAPS[0]
    said = [email.message_from_bytes(mails.mail(number)).as_string() for number in range(0, 70, 7)]
    assert all("?u=" in text for text in said)
