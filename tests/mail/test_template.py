"""Templates of campaigns."""

from tipd.mail.template import template

TEXT = "Dear {},\nwe have seen that your account at the bank was closed today, please click here to open it again: {}\n"


def test_names_numbers_and_tokens_change_nothing():
    one = template(TEXT.format("John Smith", "http://a.example/8f7a"), ["http://a.example/8f7a"], "Your account 123")
    assert len(one) == 16
    assert one == template(TEXT.format("Mary", "http://b.example/9999"), ["http://b.example/1"], "Mary, look")
    assert one != template(TEXT.replace("bank", "shop").format("Mary", ""), [], "")


def test_a_picture_with_a_link_has_one_by_its_shape():
    one = template("click", ["http://a.example/go/8f7a6b5c4d"], "Look here")
    assert one == template("Click", ["http://b.example/go/1a2b3c4d5e"], "look here")
    assert one != template("Click", ["http://b.example/gone/1a2b3c4d5e"], "look here")


def test_a_mail_that_says_nothing_has_none():
    assert template("", [], "") == ""
    assert template("12 34", [], "Re: 99") == ""
