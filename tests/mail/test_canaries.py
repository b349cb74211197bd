"""Ten thousand mails whose recipients hide somewhere: no view but `full` shows any of them.

What is looked for was written down when it was hidden, and all that came out is read again in ways of this file's own.
"""

import base64
import codecs
import hashlib
import itertools
import random
import re
from urllib.parse import quote, unquote

import msgspec
import pytest

from tipd.mail.artefacts import Artefacts
from tipd.mail.record import Attachment, Auth, Dkim, Hop, Record, Relay, encode
from tipd.mail.view import SHIPPED
from tipd.mail.views import apply

MAILS = 10_000
KEY = b"k" * 32
FIRST = ("wanda", "johannes", "amelie", "piotr", "svetlana", "theo", "marguerite", "xavier")
LAST = ("finchley", "okonkwo", "brandenburg", "quist", "smith", "delacroix", "ng", "vanderveer")


def _percent(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _wide(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _escaped(text):
    return "".join(f"\\u{ord(c):04x}" for c in text)


def _half(text):
    return "".join(f"%{ord(c):02x}" if at % 2 else c for at, c in enumerate(text))


def _base64(before, after=b""):
    return lambda text: base64.b64encode(before + text.encode() + after).decode()


def _digest(name, form):
    return lambda text: form(hashlib.new(name, text.encode(), usedforsecurity=False).digest())


SPELLINGS = {
    "plain": str,
    "upper": str.upper,
    "title": str.title,
    "blanks": lambda text: text.replace(".", " ").replace("_", " "),
    "dashes": lambda text: text.replace(".", "-").replace("@", "-at-"),
    "bounce": lambda text: text.replace("@", "="),
    "spoken": lambda text: text.replace("@", " at ").replace(".", " dot "),
    "brackets": lambda text: text.replace("@", "[at]"),
    "dotted": ".".join,
    "percent": _percent,
    "percent twice": lambda text: quote(_percent(text), safe=""),
    "percent thrice": lambda text: quote(quote(_percent(text), safe=""), safe=""),
    "percent, half": _half,
    "sign": lambda text: quote(text, safe=""),
    "references": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hexadecimal references": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "quoted-printable": lambda text: "".join(f"={ord(c):02X}" for c in text),
    "escapes": _escaped,
    "wide": _wide,
    "invisible": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "base64": _base64(b""),
    "base64, shifted by one": _base64(b"x"),
    "base64, shifted by two": _base64(b"xy"),
    "base64 of more": _base64(b"u=", b"&c=9&list=77"),
    "base64 without end": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64url": lambda text: base64.urlsafe_b64encode(b"\xff\xfe>?" + text.encode()).decode().rstrip("="),
    "base64 inside": lambda text: "Ab3" + base64.b64encode(text.encode()).decode().rstrip("=") + "zZ9",
    "base64 of capitals": lambda text: base64.b64encode(text.title().encode()).decode(),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64, percent": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
    "hexadecimal, shifted": lambda text: "f" + text.encode().hex() + "0",
    "hexadecimal, colons": lambda text: text.encode().hex(":"),
    "base32": lambda text: base64.b32encode(text.encode()).decode().lower().rstrip("="),
    "accents": lambda text: text.replace("a", "\u00e1").replace("e", "e\u0301").replace("i", "\u0456"),
    "underlined": "\u0332".join,
    "dots between": "\u00b7".join,
    "decimal codes": lambda text: "-".join(str(ord(c)) for c in text),
    "octal codes": lambda text: "".join(f"\\{ord(c):03o}" for c in text),
    "reversed": lambda text: text[::-1],
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "md5": _digest("md5", bytes.hex),
    "sha1": _digest("sha1", bytes.hex),
    "sha256": _digest("sha256", bytes.hex),
    "SHA256": _digest("sha256", lambda digest: digest.hex().upper()),
    "sha256, base64": _digest("sha256", lambda digest: base64.b64encode(digest).decode()),
}
PARTS = ("whole", "whole", "local part")
PLACES = (
    *("subject", "greeting", "from", "reply_to", "return_path", "helo", "relay name", "hop by", "hop from"),
    *("spf", "dkim", "path", "query", "name", "fragment", "user", "label", "deep", "mails", "file", "file inside"),
    "declared",
)


def _recipient(rng):
    first, last = rng.choice(FIRST), rng.choice(LAST)
    local = rng.choice(
        [
            f"{first}.{last}",
            f"{first}_{last}",
            f"{first}{last}",
            f"{last}{rng.randrange(10, 99)}",
            first,
            "info",
            "x7k9",
        ]
    )
    return f"{local}@{rng.choice(['trap.example.org', 'xn--bcher-kva.example', 'a.trap.example.net'])}"


def _record(place, hidden, rng):
    """Return a mail that hides something in one place."""
    said = dict.fromkeys(PLACES, "")
    said[place] = hidden
    label = re.sub(r"[^a-z0-9]+", "-", said["label"].lower())[:63].strip("-")
    host = f"{label}.shop.example" if label else "www.shop.example"
    authority = f"{quote(said['user'], safe='')}@{host}" if said["user"] else host
    query = f"{said['name'] or 'id'}={rng.getrandbits(60):x}&e={said['query']}"
    url = f"http://{authority}/offers/{said['path'] or 'go'}/x?{query}{said['fragment'] and '#' + said['fragment']}"
    deep = f"http://www.shop.example/a/{rng.getrandbits(50)}_{said['deep']}_{rng.getrandbits(40):x}/index.html"
    inner = Attachment(name=f"{said['file inside']}.exe", size=3)
    return Record(
        sha256=f"{rng.getrandbits(256):064x}",
        at="2026-11-22T04:00:00Z",
        size=1234,
        subject=f"Dear {said['greeting']}, look" if said["greeting"] else f"{said['subject']} news",
        from_=f"news-{said['from']}@sender.example",
        reply_to=f"{said['reply_to'] or 'reply'}@sender.example",
        return_path=f"bounce+{said['return_path']}+{rng.getrandbits(50):x}@sender.example",
        relay=Relay(address="198.51.100.7", name=said["relay name"], helo=said["helo"] or "out.example"),
        received=(Hop(by=said["hop by"] or "mx.example", from_=said["hop from"], address="198.51.100.7"),),
        auth=Auth(spf="pass", spf_domain=said["spf"], dkim=(Dkim(domain=said["dkim"], result="pass"),)),
        urls=(url, deep, "http://www.other.example/"),
        hosts=(host, "www.other.example"),
        mails=(f"{said['mails'] or 'a'}@b.example", "sales@shop.example"),
        attachments=(Attachment(name=said["file"] + ".zip", declared=said["declared"], inside=(inner,)),),
    )


def _readings(line):
    """Yield what a curious reader makes of a line."""
    low = line.lower()
    yield low
    yield low[::-1]
    bare = line
    for _ in range(4):
        bare = unquote(bare)
        yield bare.lower()
    for token in re.findall(r"[A-Za-z0-9+/_\-]{6,}", re.sub(r"hmac:[0-9a-f]{16}|[0-9a-f]{64}", " ", bare)):
        packed = token.replace("-", "+").replace("_", "/")
        for begun in range(4):
            piece = packed[begun:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4]).decode("latin-1").lower()
        if re.fullmatch(r"[0-9a-fA-F]+", token):
            yield bytes.fromhex(token[: len(token) // 2 * 2]).decode("latin-1")


def _hunted(line, recipient, hidden, *, deep=True):
    """Return what of a recipient a line shows."""
    local, _, domain = recipient.partition("@")
    found = [hidden] if len(hidden) > 4 and hidden in line else []
    alone = re.compile(rf"(?<![a-z]){re.escape(local)}(?![a-z])")
    collapsed = re.sub(r"[^a-z0-9]", "", local)
    for reading in itertools.islice(_readings(line), None if deep else 4):
        bare = re.sub(r"[^a-z0-9]", "", reading) if len(collapsed) > 7 else ""
        if alone.search(reading) or f"{collapsed}{domain}" in reading or collapsed in bare:
            found.append(reading)
    return found


@pytest.mark.parametrize("seed", [11, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 20))])
def test_no_view_but_full_shows_a_canary(seed):
    rng = random.Random(seed)
    ways = itertools.cycle(itertools.product(PLACES, SPELLINGS, PARTS))
    recipients = [_recipient(rng) for _ in range(150)]
    shown = unmasked = 0
    for number, (place, spelling, part) in zip(range(MAILS), ways, strict=False):
        recipient = rng.choice(recipients)
        hidden = SPELLINGS[spelling](recipient if part == "whole" else recipient.partition("@")[0])
        artefacts = Artefacts(record=_record(place, hidden, rng), recipients=("friend@else.example", recipient))
        name = "urls" if number % 8 == 0 else "redacted"
        record = apply(SHIPPED[name], name, KEY, artefacts)
        found = _hunted(encode(record).decode(), recipient, hidden, deep=number % 5 == 0)
        assert not found, (place, spelling, recipient, hidden, found)
        unmasked += "unmasked" in record.defects
        shown += len(record.urls)
    assert unmasked < MAILS / 50
    assert shown > 2 * MAILS


@pytest.mark.parametrize("spelling", ["plain", "base64", "hexadecimal", "md5", "percent", "reversed"])
def test_full_shows_what_was_hidden(spelling):
    recipient = "wanda.finchley@trap.example.org"
    hidden = SPELLINGS[spelling](recipient)
    artefacts = Artefacts(record=_record("query", hidden, random.Random(1)), recipients=(recipient,))
    full = apply(SHIPPED["full"], "full", KEY, artefacts)
    assert msgspec.structs.replace(full, recipients=()) == artefacts.record
    assert _hunted(encode(full).decode(), recipient, hidden)
