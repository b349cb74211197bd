"""Options that cannot be meant."""

import pytest

from tipd.modules.blacklist.parsers.options import DelimitedOptions, JsonOptions, LinesOptions, Options


def test_comments_as_one_or_several():
    assert Options(comment=";").comments == (b";",)
    assert Options(comment=("#", "")).comments == (b"#",)
    assert Options(comment="").comments == ()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Options, {"skip": -1}),
        (Options, {"longest": 10}),
        (LinesOptions, {"separator": ", "}),
        (DelimitedOptions, {"delimiter": "\n"}),
        (DelimitedOptions, {"quote": "é"}),
        (JsonOptions, {"longest": 1}),
    ],
)
def test_refused(kind, options):
    with pytest.raises(ValueError, match="must"):
        kind(**options)
