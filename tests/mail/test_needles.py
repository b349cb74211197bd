"""What is looked for of an address."""

import pytest

from tipd.mail.needles import of_address, of_domain


@pytest.mark.parametrize(
    ("address", "text", "left"),
    [
        ("john.smith@t.example", "Dear John Smith, hi John", "Dear #, hi #"),
        ("john.smith@t.example", "smith, john!", "#!"),
        ("john.smith+x@t.example", "to John.Smith+news@t.example.", "to #."),
        ("joe@t.example", "joe at t.example; joe, maryjoe@t.example", "#; joe, maryjoe@t.example"),
        ("info@t.example", "info information infos", "# information infos"),
        ("a1b@t.example", "<a1b>", "<#>"),
    ],
)
def test_it_is_found_in_clear(address, text, left):
    assert of_address(address).replaced(text, "#") == left


def test_a_domain_is_found_with_what_stands_before_it():
    assert of_domain("t.example").replaced("mx1.t.example and t(.)example", "#") == "# and #"
