"""Signatures, before anything of a body is read."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.bodies import IDENTITY, Reader
from support.keys import Signer

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.guards import refusal
from tipd.modules.blacklist.reading.job import ReadJob
from tipd.modules.blacklist.reading.signed import SignatureFault, checked
from tipd.modules.blacklist.states import State

SAMPLES = Path(__file__).parents[3] / "samples" / "signed"
URL = 'url = "https://lists.example.org/list.txt"\n'
BODY = b"# list\n192.0.2.1\n- not a value\n192.0.2.2\n"
VALUES = {"192.0.2.1", "192.0.2.2"}
DETACHED = 'url = "https://lists.example.org/list.txt.asc"\n'
WHO = Signer("lists")
OTHER = Signer("somebody")


@pytest.fixture
def pinned(tmp_path):
    return WHO.pin(tmp_path / "key.pgp")


def sample(name):
    return (SAMPLES / name).read_bytes()


def by_sample(tmp_path, body, signature=None, key="key.asc"):
    """Read a body that is signed by a key among the samples."""
    table = f'[signature]\nkey_file = "{SAMPLES / key}"\n' + (DETACHED if signature is not None else "")
    return look(tmp_path, table, body, signature)


def look(tmp_path, table, body, signature=None, **job):
    if signature is not None:
        (tmp_path / "signature").write_bytes(signature)
        job["signature"] = str(tmp_path / "signature")
    return Reader(tmp_path, URL + table).read(body, **job)


def test_a_clear_signed_list(tmp_path, pinned):
    outcome = look(tmp_path, pinned, WHO.clear(BODY))
    assert outcome.values == VALUES
    assert outcome.result.signer == WHO.fingerprint
    assert outcome.result.refused == {"malformed": 1}  # the dash's escape is gone, the row is what it was


@pytest.mark.parametrize("armor", [True, False])
def test_a_detached_signature(tmp_path, pinned, armor):
    outcome = look(tmp_path, pinned + DETACHED, BODY, WHO.detached(BODY, armor=armor))
    assert (outcome.values, outcome.result.signer) == (VALUES, WHO.fingerprint)


def test_what_stands_around_the_signed_text_is_not_read(tmp_path, pinned):
    body = (
        b"198.51.100.1\n"
        + WHO.clear(BODY)
        + b"\n198.51.100.2\n"
        + WHO.clear(b"198.51.100.3\n")
        + OTHER.clear(b"198.51.100.4\n")
    )
    assert look(tmp_path, pinned, body).values == VALUES


def test_by_several_of_whom_one_is_pinned(tmp_path, pinned):
    both = OTHER.detached(BODY, armor=False) + WHO.detached(BODY, armor=False)
    assert look(tmp_path, pinned + DETACHED, BODY, both).values == VALUES


@pytest.mark.parametrize(("signer", "blind", "why"), [(WHO, False, ""), (OTHER, False, "by"), (WHO, True, "say which")])
def test_a_file_of_several_keys(tmp_path, signer, blind, why):
    table = WHO.pin(tmp_path / "key.pgp", OTHER)
    table = table[: table.index("fingerprint")] if blind else table
    outcome = look(tmp_path, table, signer.clear(BODY))
    assert bool(outcome.rows) is (not why)
    assert why in outcome.result.unsigned


CLEAR = WHO.clear(BODY)
CLEAR_FAULTS = {
    "not signed": (BODY, "it is not clear-signed"),
    "signed by somebody else": (OTHER.clear(BODY), "one by "),
    "a row was changed": (CLEAR.replace(b"192.0.2.2", b"192.0.2.3"), "no good signature"),
    "a row was added": (CLEAR.replace(b"# list\n", b"# list\n198.51.100.1\n"), "no good signature"),
    "cut off in its signature": (CLEAR[:-150], "no good signature"),
    "cut off in its text": (CLEAR[:90], "no good signature"),
    "without its signature": (CLEAR[: CLEAR.index(b"-----BEGIN PGP SIGNATURE")], "no good signature"),
    "another's signature behind our text": (
        CLEAR[: CLEAR.index(b"-----BEGIN PGP SIGNATURE")]
        + OTHER.clear(BODY)[OTHER.clear(BODY).index(b"-----BEGIN PGP SIGNATURE") :],
        "no good signature",
    ),
    "in the middle of a line": (b"x" + CLEAR, "it is not clear-signed"),
    "a message of another form": (WHO.key and b"-----BEGIN PGP MESSAGE-----\n\nx\n", "it is not clear-signed"),
    "nothing": (b"", "it is not clear-signed"),
}


@pytest.mark.parametrize("fault", CLEAR_FAULTS)
def test_faults_of_clear_signed_lists(tmp_path, pinned, fault):
    body, why = CLEAR_FAULTS[fault]
    result = look(tmp_path, pinned, body).result
    assert why in result.unsigned
    assert (result.rows, result.entries, result.first) == (0, 0, [])
    assert (
        refusal(catalogue.parse('url = "https://lists.example.org/x"\n' + pinned), result).state is State.BAD_SIGNATURE
    )


DETACHED_FAULTS = {
    "no signature": (BODY, None, "no signature came with it"),
    "a page for a signature": (BODY, b"<html>not found</html>", "none"),
    "an empty one": (BODY, b"", "none"),
    "by somebody else": (BODY, OTHER.detached(BODY), "one by "),
    "of yesterday's body": (BODY, WHO.detached(BODY + b"198.51.100.1\n"), "no good signature"),
    "cut off": (BODY, WHO.detached(BODY, armor=False)[:-20], "none"),
    "a key in its place": (BODY, bytes(WHO.certificate), "no good signature"),
}


@pytest.mark.parametrize("fault", DETACHED_FAULTS)
def test_faults_of_detached_signatures(tmp_path, pinned, fault):
    body, signature, why = DETACHED_FAULTS[fault]
    result = look(tmp_path, pinned + DETACHED, body, signature).result
    assert why in result.unsigned
    assert result.rows == 0


@pytest.mark.parametrize(
    ("name", "why"), [("expired", "until 2026-01-09"), ("sha1", "with SHA1"), ("md5", "with MD5"), ("good", "")]
)
def test_signatures_that_expired_or_rest_on_weak_hashes(tmp_path, name, why):
    outcome = by_sample(tmp_path, sample("list.txt"), sample(f"list.txt.{name}.asc"))
    assert bool(outcome.rows) is (not why)
    assert why in outcome.result.unsigned


@pytest.mark.parametrize(("name", "why"), [("expired.", "until 2026-01-09"), ("sha1.", "with SHA1"), ("", "")])
def test_the_same_of_clear_signed_lists(tmp_path, name, why):
    outcome = by_sample(tmp_path, sample(f"list.{name}clear.txt"))
    assert bool(outcome.rows) is (not why)
    assert why in outcome.result.unsigned


@pytest.mark.parametrize("table", ["", DETACHED])
def test_a_key_that_was_given_up(tmp_path, pinned, table):
    (tmp_path / "key.pgp").write_bytes(WHO.revoked())
    body, signature = (BODY, WHO.detached(BODY)) if table else (CLEAR, None)
    assert "is revoked" in look(tmp_path, pinned + table, body, signature).result.unsigned


@pytest.mark.parametrize("detached", [True, False])
def test_a_key_that_has_expired(tmp_path, detached):
    body = sample("list.txt" if detached else "list.by_expired_key.clear.txt")
    signature = sample("list.txt.by_expired_key.asc") if detached else None
    unsigned = by_sample(tmp_path, body, signature, key="expired_key.asc").result.unsigned
    assert "expired on 2026-01-31" in unsigned


@pytest.mark.parametrize(("key", "why"), [(None, "No such file"), (b"junk", "no OpenPGP key"), (b"", "it holds none")])
def test_key_files(tmp_path, pinned, key, why):
    (tmp_path / "key.pgp").unlink()
    if key is not None:
        (tmp_path / "key.pgp").write_bytes(key)
    assert why in look(tmp_path, pinned, CLEAR).result.unsigned


def test_a_file_with_another_key_than_the_fingerprint_says(tmp_path, pinned):
    (tmp_path / "key.pgp").write_bytes(bytes(OTHER.certificate))
    unsigned = look(tmp_path, pinned, OTHER.clear(BODY)).result.unsigned
    assert f"none with the fingerprint {WHO.fingerprint}" in unsigned


@pytest.mark.parametrize("body", [BODY, CLEAR])
def test_a_body_that_was_checked_when_it_came_is_only_unpacked(tmp_path, pinned, body):
    (tmp_path / "key.pgp").unlink()
    assert look(tmp_path, pinned, body, trusted=True).values == VALUES


def test_a_signature_that_is_too_long_is_not_looked_at(tmp_path, pinned):
    assert "too many to check" in look(tmp_path, pinned + DETACHED, BODY, b"x" * 2**19).result.unsigned


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.integers(0, len(CLEAR) - 1), st.binary(max_size=3), st.integers(0, 30))
def test_no_change_of_a_signed_text_passes(tmp_path, pinned, at, put, cut):
    """Whatever is changed: it is refused, or the text that is read is the one that was signed."""
    (tmp_path / "body").write_bytes(CLEAR[:at] + put + CLEAR[at + cut :])
    source = catalogue.parse('url = "https://lists.example.org/x"\n' + pinned)
    job = ReadJob(body=str(tmp_path / "body"), folder=str(tmp_path), source=source, seed=1, identity=IDENTITY)
    try:
        found = checked(job)
    except SignatureFault:
        return
    assert [line.rstrip() for line in Path(found.job.body).read_bytes().splitlines()] == BODY.splitlines()


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_for_a_signature_or_a_key(tmp_path, pinned, raw):
    (tmp_path / "body").write_bytes(BODY)
    (tmp_path / "signature").write_bytes(raw)
    for key in (bytes(WHO.certificate), raw):
        (tmp_path / "key.pgp").write_bytes(key)
        for table in (pinned, pinned + DETACHED):
            source = catalogue.parse('url = "https://lists.example.org/x"\n' + table)
            files = {"body": str(tmp_path / "body"), "signature": str(tmp_path / "signature"), "folder": str(tmp_path)}
            with pytest.raises(SignatureFault):
                checked(ReadJob(source=source, seed=1, identity=IDENTITY, **files))
