"""Parts and their parameters."""

import pytest

from tipd.mail.parts import Part, leaves, parameter


def _part(name: str, *children: Part, message: bool = False) -> Part:
    return Part(
        "text/plain", {"subject": [name]}, content=None if children else b"", children=children, is_message=message
    )


def test_leaves_come_in_the_order_of_the_mail_and_messages_inside_with_what_they_hold():
    root = _part("root", _part("a"), _part("b", _part("c"), _part("d"), message=True), _part("e"))
    assert [(part.first("subject"), depth) for part, depth in leaves(root, 10, 10)] == [
        ("a", 1),
        ("b", 1),
        ("c", 2),
        ("d", 2),
        ("e", 1),
    ]
    assert [part.first("subject") for part, _ in leaves(root, 2, 10)] == ["a", "b"]
    assert [part.first("subject") for part, _ in leaves(root, 10, 1)] == ["a", "b", "e"]
    assert root.first("nothing") == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("text/plain; charset=UTF-8", "UTF-8"),
        ('text/plain; format=flowed; Charset="iso-8859-1"', "iso-8859-1"),
        ("text/plain", ""),
        ("text/plain; charset", ""),
        (";" * 100_000, ""),
    ],
)
def test_a_parameter_is_read_as_mail_programs_read_it(text, value):
    assert parameter(text, "charset") == value


def test_the_charset_is_that_of_the_content_type():
    assert Part("text/plain", {"content-type": ["text/plain; charset=koi8-r"]}).charset == "koi8-r"
    assert Part("text/plain", {}).charset == ""
