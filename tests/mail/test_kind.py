"""Spam, and what only looks so."""

import pytest

from tipd.mail.kind import kind_of
from tipd.mail.parts import Part


@pytest.mark.parametrize(
    ("fields", "from_", "return_path", "aligned", "kind"),
    [
        ({"subject": "Buy now"}, "a@example.org", "a@example.org", False, "spam"),
        ({"subject": "Undelivered Mail Returned to Sender"}, "mailer-daemon@mx.example", "", False, "bounce"),
        ({"subject": "failure notice"}, "a@example.org", "", False, "bounce"),
        ({"subject": "Undelivered parcel"}, "a@example.org", "a@example.org", False, "spam"),
        ({"subject": "x", "x-failed-recipients": "b@example.net"}, "a@example.org", "a@b.example", False, "bounce"),
        ({"subject": "", "auto-submitted": "auto-replied"}, "a@example.org", "", False, "auto_reply"),
        (
            {"subject": "Out of office", "precedence": "bulk"},
            "a@example.org",
            "a@b.example",
            False,
            "auto_reply",
        ),
        ({"subject": "Automatic reply: hello"}, "a@example.org", "", False, "auto_reply"),
        ({"subject": "Please confirm your account"}, "a@bank.example", "a@b.example", False, "spam"),
        ({"subject": "Please confirm your account"}, "a@bank.example", "a@b.example", True, "confirmation"),
        (
            {"subject": f"confirm {'0123456789abcdef' * 2}"},
            "l@example.org",
            "l@b.test",
            False,
            "confirmation",
        ),
        ({}, "", None, False, "spam"),
    ],
)
def test_the_class_of_a_mail(fields, from_, return_path, aligned, kind):
    root = Part("text/plain", {name: [value] for name, value in fields.items()})
    assert kind_of(root, from_, return_path, aligned=aligned) == kind


def test_a_delivery_report_is_a_bounce_whoever_sends_it():
    root = Part("multipart/report", {"content-type": ["multipart/report; report-type=delivery-status"]})
    assert kind_of(root, "a@example.org", "a@example.org", aligned=False) == "bounce"
