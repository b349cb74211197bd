"""What a mail is: spam, or one of the three that a trap gets because somebody forged its address or registered it.

Bounces (RFC 3464, RFC 5321), automatic replies (RFC 3834) and confirmations of registrations say nothing about who sent
them: they do not count.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tipd.mail.parts import Part
    from tipd.mail.record import MailClass

_DAEMON = re.compile(r"\A(?:mailer-daemon|mail-daemon|postmaster|double-bounce|maildelivery)@", re.IGNORECASE)
_UNDELIVERED = re.compile(
    r"undeliver(?:ed|able)|returned to sender|(?:mail |message )?deliver(?:y|ing) (?:status|fail|has failed|problem)"
    r"|failure notice|returned mail|mail delivery (?:system|subsystem)|non[- ]?remis|unzustellbar|mancato recapito",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"\A(?:auto(?:matic|mated)?[- ]?(?:reply|response|antwort)|out of (?:the )?office|away from|vacation"
    r"|abwesenheit|r.ponse automatique|risposta automatica)",
    re.IGNORECASE,
)
_CONFIRM = re.compile(
    r"\b(?:confirm (?:your )?(?:e-?mail|subscription|registration|account)|(?:e-?mail|account|address) (?:verification"
    r"|confirmation|activation)|verify your e-?mail|activate your account|please confirm)\b",
    re.IGNORECASE,
)
_LIST_CONFIRM = re.compile(r"\Aconfirm(?:ation)? [0-9a-f]{16,64}\b", re.IGNORECASE)


def kind_of(root: Part, from_address: str, return_path: str | None, *, aligned: bool) -> MailClass:
    """Return the class of a mail; `return_path` is empty for `<>` and None where there is no such field.

    A confirmation counts as one only where its sender is who he says he is (`aligned`): phishing asks to confirm too.
    """
    subject = root.first("subject")[:500]
    if root.content_type == "multipart/report" and "delivery-status" in root.first("content-type").lower():
        return "bounce"
    if root.headers.get("x-failed-recipients"):
        return "bounce"
    if (return_path == "" or _DAEMON.search(from_address)) and _UNDELIVERED.search(subject):
        return "bounce"
    submitted = root.first("auto-submitted").strip().lower()
    if submitted.startswith(("auto-replied", "auto-notified")) or root.headers.get("x-autoreply"):
        return "auto_reply"
    if _AWAY.search(subject) and (return_path == "" or submitted.startswith("auto") or root.first("precedence")):
        return "auto_reply"
    if _LIST_CONFIRM.search(subject) or (aligned and _CONFIRM.search(subject)):
        return "confirmation"
    return "spam"
