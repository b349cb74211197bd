"""What the parts of a mail say."""

from tipd.mail import defects
from tipd.mail.body import read
from tipd.mail.limits import DEFAULT, Limits
from tipd.mail.parts import Part


def _text(content: bytes, kind: str = "text/plain", charset: str = "utf-8") -> Part:
    return Part(kind, {"content-type": [f"{kind}; charset={charset}"]}, content=content)


def test_texts_and_links_come_together():
    page = _text(b'<p>hello <a href="http://b.example/">you</a></p>', "text/html")
    root = Part("multipart/alternative", {}, children=[_text(b"go http://a.example/x."), page])
    said = read(root, DEFAULT)
    assert said.text.split() == ["hello", "you"]
    assert said.urls == ["http://a.example/x", "http://b.example/"]
    assert said.defects == [] and len(said.parts) == 2


def test_plain_text_is_read_where_no_page_says_anything():
    picture = _text(b'<img src="http://b.example/p.png">', "text/html")
    assert read(Part("multipart/mixed", {}, children=[_text(b"hello"), picture]), DEFAULT).text == "hello"


def test_only_so_much_is_read():
    root = Part("multipart/mixed", {}, children=[_text(b"x" * 50) for _ in range(9)])
    said = read(root, Limits(text=120, parts=5))
    assert said.text.count("x") == 120 and len(said.parts) == 5
    assert set(said.defects) == {defects.LONG_TEXT}


def test_a_charset_that_does_not_exist_is_told():
    assert read(_text(b"x", charset="no-such"), DEFAULT).defects == [defects.BAD_CHARSET]
