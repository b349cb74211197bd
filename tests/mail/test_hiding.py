"""All readings of a text."""

import base64

import pytest

from tipd.mail.hiding import collapsed, decodings, forms


def _plain(text):
    return b"\n".join(collapsed(form.casefold()) for form in forms(text))


@pytest.mark.parametrize(
    "text",
    [
        "John.Smith",
        "j-o-h-n s_m_i_t_h",
        "ＪＯＨＮ．ｓｍｉｔｈ",
        "john\u200b\u00adsmith",
        "%6A%6f%68nsmith",
        "%25256Aohnsmith",
        "&#106;ohn&#x73;mith",
        "=6Aohnsmith",
        r"\u006aohn\x73mith",
    ],
)
def test_what_stands_in_clear_is_read(text):
    assert b"johnsmith" in _plain(text)


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz", "a/b-c_"])
@pytest.mark.parametrize("shift", [b"", b"1", b"12"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.b16encode])
def test_what_is_coded_is_read_wherever_it_begins(before, shift, encode):
    text = f"{before}={encode(shift + b'?>John.Smith~~').decode()}&more=1"
    assert b"johnsmith" in decodings(forms(text)[0])
    assert b"johnsmith" not in _plain(text)
