"""A state directory is held part by part."""

import os

import pytest

from tipd.daemon.hold import hold
from tipd.errors import ConfigError, TryAgain


def test_parts_may_run_apart_and_none_twice(tmp_path):
    with hold(tmp_path, frozenset({"api"})), hold(tmp_path, frozenset({"blacklist"})):
        for parts in ({"api"}, {"blacklist"}, {"api", "blacklist"}):
            with pytest.raises(TryAgain, match=rf"{tmp_path} is in use by another tipd \(process {os.getpid()}\)"):
                with hold(tmp_path, frozenset(parts)):
                    pass
    with hold(tmp_path, frozenset({"api", "blacklist"})):
        pass


def test_what_was_taken_before_the_refusal_is_let_go(tmp_path):
    both = frozenset({"api", "blacklist"})
    with hold(tmp_path, frozenset({"blacklist"})):
        with pytest.raises(TryAgain), hold(tmp_path, both):
            pass
        with hold(tmp_path, frozenset({"api"})):
            pass


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="cannot write"), hold(tmp_path / "none", frozenset({"api"})):
        pass
