"""Options of parsers whose records are no lines."""

import pytest

from tipd.modules.blacklist.parsers.options_structured import MispOptions, StixOptions


@pytest.mark.parametrize("options", [MispOptions, StixOptions])
@pytest.mark.parametrize("longest", [1, 2**40])
def test_bounds(options, longest):
    with pytest.raises(ValueError, match="longest must be from 80 to"):
        options(longest=longest)
