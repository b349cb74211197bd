"""Opaque pieces."""

import pytest

from tipd.mail.tokens import cut, fold, is_plain


@pytest.mark.parametrize(
    ("segment", "left"),
    [
        ("offer", "offer"),
        ("my-summer-sale", "my-summer-sale"),
        ("ProductList", "ProductList"),
        ("2024", "2024"),
        ("page2", "page2"),
        ("mp3", "mp3"),
        ("unsubscribe", "unsubscribe"),
        ("Abwesenheitsnotiz", "Abwesenheitsnotiz"),
        ("wiadomosc", "wiadomosc"),
        ("index.html", "index.html"),
        ("hello%20world", "hello%20world"),
        ("", ""),
        ("12345", "{t}"),
        ("8f7a6b5c4d", "{t}"),
        ("aGVs-bG8_x9kLmNop", "{t}"),
        ("my-summer-sale-8f7a6d5c", "my-summer-sale-{t}"),
        ("550e8400-e29b-41d4-a716-446655440000", "{t}"),
        ("qhdkwpzt", "{t}"),
        ("kwjzbu", "{t}"),
        ("newsletter-vqfxab", "newsletter-{t}"),
        ("a" * 25, "{t}"),
    ],
)
def test_a_reader_would_choose_it_or_it_is_cut(segment, left):
    assert cut(segment) == left
    assert fold(cut(segment)) == fold(segment)


@pytest.mark.parametrize(
    ("segment", "folded"), [("page2", "page{t}"), ("7", "{t}"), ("{t}", "{t}"), ("hmac:0123456789abcdef", "{t}")]
)
def test_numbers_fold_whatever_they_are(segment, folded):
    assert fold(segment) == folded


def test_a_plain_word_can_be_spoken():
    assert is_plain("the") and is_plain("unsubscribe") and is_plain("xyz")
    assert not is_plain("bcdfghjk") and not is_plain("a" * 30)
