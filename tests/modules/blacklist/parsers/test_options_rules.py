"""Options of parsers whose lines are rules."""

import pytest

from tipd.modules.blacklist import catalogue


@pytest.mark.parametrize(
    "declaration",
    [
        'parser = "rpz"\n[options]\ntriggers = ["what"]\n',
        'parser = "snort"\n[options]\naddresses = ["left"]\n',
        'parser = "snort"\n[options]\ncontent = ["smtp"]\n',
        'parser = "abp"\n[options]\nmodifiers = "all"\n',
    ],
)
def test_words_that_there_are_not(declaration):
    with pytest.raises(ValueError, match="options"):
        catalogue.parse('url = "https://lists.example.org/x"\n' + declaration)
