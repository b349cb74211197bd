"""Secrets in files that only their owner reads; keys that follow one another."""

import os
import threading

import pytest

from tipd.agent.keys import Keys
from tipd.agent.protocol import public_text
from tipd.errors import ConfigError


def test_what_is_missing_is_made_once(tmp_path):
    keys = Keys(tmp_path / "keys")
    again = Keys(tmp_path / "keys")
    assert again.public == keys.public
    assert again.of_view("urls") == keys.of_view("urls") != keys.of_view("redacted")
    assert public_text(keys.private(keys.public).public_key()) == keys.public
    assert {each.stat().st_mode & 0o777 for each in (tmp_path / "keys").iterdir()} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_two_agents_share_a_key_and_hide_the_same_address_alike(tmp_path):
    shared = tmp_path / "shared"
    shared.write_bytes(os.urandom(32))
    shared.chmod(0o400)
    one, two = Keys(tmp_path / "one", shared), Keys(tmp_path / "two", shared)
    assert one.of_view("redacted") == two.of_view("redacted")
    assert one.of_view("redacted") != Keys(tmp_path / "three").of_view("redacted")
    assert one.public != two.public


def test_both_keys_are_there_until_no_chain_needs_the_old_one(tmp_path):
    keys = Keys(tmp_path)
    old = keys.public
    new = Keys(tmp_path).rotate()  # another process
    assert keys.public == new != old
    keys.retire([old])
    assert keys.private(old)
    keys.retire([new])
    assert keys.private(new)
    with pytest.raises(ConfigError, match="is missing: the chain it signs cannot be continued"):
        keys.private(old)


def test_a_key_that_is_just_made_is_not_retired(tmp_path):
    keys = Keys(tmp_path)
    done = threading.Event()

    def rotate():
        for _ in range(50):
            Keys(tmp_path).rotate()
        done.set()

    thread = threading.Thread(target=rotate)
    thread.start()
    while not done.is_set():
        keys.retire([])
        assert keys.private(keys.public)
    thread.join()


@pytest.mark.parametrize("harm", ["open", "short", "other", "no key"])
def test_a_bad_secret_is_refused_in_words(tmp_path, harm):
    keys = Keys(tmp_path)
    path = next(tmp_path.glob("*.ed25519"))
    if harm == "open":
        path.chmod(0o644)
    elif harm == "short":
        path.write_bytes(b"short")
    elif harm == "other":
        path.write_bytes(bytes(32))
    else:
        (tmp_path / "current").write_text("AAAA")
    said = {"open": "others may read it", "short": "holds 5 bytes", "other": "is not the key of", "no key": "no public"}
    with pytest.raises(ConfigError, match=said[harm]):
        Keys(tmp_path)
    del keys


def test_a_shared_key_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match="none: No such file"):
        Keys(tmp_path, tmp_path / "none")
