"""Raw mails: for the view `full` alone, only the very bytes, and everybody who asks is written down."""

import hashlib
from pathlib import Path

import msgspec
from support.agent_host import serving

from tipd.agent.audit import Audit
from tipd.agent.mails import RawMails
from tipd.clock import SystemClock

MAIL = b"From: a@example.org\r\n\r\nhello\r\n"
SHA256 = hashlib.sha256(MAIL).hexdigest()
OTHER = "0" * 64


def mails(folder: Path, there: dict[str, bytes]) -> RawMails:
    return RawMails(there.get, Audit(folder / "audit.jsonl", SystemClock()))


def book(folder: Path) -> list[tuple[str, str, str]]:
    lines = (folder / "audit.jsonl").read_bytes().splitlines()
    read = [msgspec.json.decode(line) for line in lines]
    assert {line["what"] for line in read} == {"mail"}
    assert {line["address"] for line in read} == {"127.0.0.1"}
    return [(line["peer"], line["sha256"], line["outcome"]) for line in read]


async def test_a_peer_of_the_view_full_gets_the_very_bytes(tmp_path: Path) -> None:
    async with serving(tmp_path, mails=mails(tmp_path, {SHA256: MAIL})) as host:
        token = host.enroll("police", "full")
        got = await host.ask(f"/v1/mails/{SHA256.upper()}", token=token)
        assert (got.status, got.body) == (200, MAIL)
        assert got.headers["content-type"] == "application/octet-stream"
        assert (await host.ask(f"/v1/mails/{OTHER}", token=token)).status == 404
    assert book(tmp_path) == [("police", SHA256, "given"), ("police", OTHER, "not there")]
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


async def test_others_learn_nothing_not_even_whether_it_is_there(tmp_path: Path) -> None:
    async with serving(tmp_path, mails=mails(tmp_path, {SHA256: MAIL})) as host:
        answers = [await host.ask(f"/v1/mails/{sha256}") for sha256 in (SHA256, OTHER)]
        assert [got.status for got in answers] == [403, 403]
        assert answers[0].body == answers[1].body
        assert (await host.ask(f"/v1/mails/{SHA256}", token="")).status == 401
    assert [outcome for _, _, outcome in book(tmp_path)] == ["refused", "refused"]


async def test_another_mail_in_its_place_is_not_given(tmp_path: Path) -> None:
    async with serving(tmp_path, mails=mails(tmp_path, {SHA256: b"another"})) as host:
        token = host.enroll("police", "full")
        assert (await host.ask(f"/v1/mails/{SHA256}", token=token)).status == 404
    assert book(tmp_path) == [("police", SHA256, "not there")]


async def test_what_cannot_be_written_down_is_not_given(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    async with serving(tmp_path, mails=mails(tmp_path, {SHA256: MAIL})) as host:
        token = host.enroll("police", "full")
        assert (await host.ask(f"/v1/mails/{SHA256}", token=token)).status == 503


async def test_where_there_are_no_mails_there_is_no_such_path(tmp_path: Path) -> None:
    async with serving(tmp_path) as host:
        assert (await host.ask(f"/v1/mails/{SHA256}")).status == 404
