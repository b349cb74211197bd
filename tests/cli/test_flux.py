"""`tipd flux`: which verbs there are and what they understand."""

from typing import Any

import pytest

from tipd.cli import flux
from tipd.model.flux import State, Tier


def test_words_are_those_of_the_model() -> None:
    assert tuple(state.word for state in State) == flux.STATES
    assert tuple(tier.value for tier in Tier) == flux.TIERS


@pytest.mark.parametrize("verb", ["add", "list", "show", "import", "export", "rescore", "drop", "tag"])
def test_every_verb_says_what_it_does(tipd: Any, verb: str) -> None:
    ran = tipd("flux", verb, "--help")
    assert ran.code == 0
    assert f"tipd flux {verb}" in ran.out


@pytest.mark.parametrize("words", [[], ["list", "--state", "odd"], ["list", "--tier", "x"], ["add"], ["show"], ["odd"]])
def test_what_it_does_not_understand(tipd: Any, fake: Any, words: list[str]) -> None:
    assert tipd("flux", *words).code == 2
    assert fake.asked == []


def test_without_a_daemon(tipd: Any, state_dir: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPD_STATE_DIR", str(state_dir))
    for words in (["list"], ["add", "a.example"], ["show", "a.example"], ["drop", "a.example"]):
        assert tipd("flux", *words).code == 69
