"""Where the agent listens, and the TLS it does it with."""

import os
import socket
import ssl
from pathlib import Path

import pytest

from tipd.agent import certificate, listening
from tipd.agent.listening import Keys, is_loopback, listen, parse
from tipd.clock import SystemClock
from tipd.errors import ConfigError, Unavailable


def files(folder: Path, name: str = "tls") -> Keys:
    made = certificate.self_signed(["127.0.0.1"], SystemClock().now())
    keys = Keys(folder / f"{name}.pem", folder / f"{name}.key")
    keys.certificate.write_bytes(made.certificate)
    keys.key.write_bytes(made.key)
    return keys


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1:8472", ("127.0.0.1", 8472)),
        ("[::1]:0", ("::1", 0)),
        (":8472", ("", 8472)),
        ("mx1.example.org:65535", ("mx1.example.org", 65535)),
    ],
)
def test_addresses_are_read(text: str, found: tuple[str, int]) -> None:
    assert parse(text) == found


@pytest.mark.parametrize("text", ["", "8472", "127.0.0.1", "::1:8472", "127.0.0.1:65536", "127.0.0.1:x", "[x]:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="listen"):
        listen(text, None)


def test_loopback_is_what_only_this_machine_reaches() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.3.2.1", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("", "0.0.0.0", "::", "192.0.2.1", "mx1.example.org"))


@pytest.mark.parametrize("text", ["0.0.0.0:0", ":0", "192.0.2.1:0"])
def test_beyond_loopback_tls_is_required(text: str) -> None:
    with pytest.raises(ConfigError, match="tls_cert_file"):
        listen(text, None)


def test_all_addresses_are_those_of_ipv4_too(tmp_path: Path) -> None:
    listeners = listen("[::]:0", files(tmp_path))
    families = {each.socket.family for each in listeners}
    for each in listeners:
        each.close()
    assert socket.AF_INET in families
    assert len(families) == len(listeners)


def test_an_address_in_use_is_said(tmp_path: Path) -> None:
    first = listen("127.0.0.1:0", files(tmp_path))
    with pytest.raises(Unavailable, match="cannot listen"):
        listen(f"127.0.0.1:{first[0].port}", None)
    for each in first:
        each.close()


def test_a_certificate_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    keys = files(tmp_path)
    other = files(tmp_path, "other")
    for wrong in (Keys(keys.certificate, tmp_path / "none"), Keys(keys.certificate, other.key)):
        with pytest.raises(ConfigError, match="tls_cert_file"):
            listen("127.0.0.1:0", wrong)


def test_files_that_change_are_read_again_and_wrong_ones_are_not_used(tmp_path: Path) -> None:
    keys = files(tmp_path)
    before = keys.context()
    assert keys.renew("") == ""
    assert keys.context() is before
    files(tmp_path)
    os.utime(keys.certificate, ns=(1, 1))
    assert keys.renew("") == ""
    renewed = keys.context()
    assert renewed is not before
    keys.key.write_text("noise")
    assert "tls_key_file" in keys.renew("")
    assert keys.context() is renewed
    assert keys.renew("") == ""  # said once


def test_an_authority_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    keys = files(tmp_path)
    keys.authority = tmp_path / "none.pem"
    with pytest.raises(ConfigError, match="client_ca_file"):
        keys.context()


def test_tls_is_of_today_and_asks_for_certificates_only_where_somebody_has_one(tmp_path: Path) -> None:
    keys = files(tmp_path)
    context = keys.context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_NONE
    assert context.num_tickets == 0
    client = certificate.self_signed(["lab"], SystemClock().now(), client=True)
    asks = listening.server_context(keys.certificate, keys.key, client.certificate.decode())
    assert asks.verify_mode == ssl.CERT_OPTIONAL
