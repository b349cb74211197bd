"""Hashes of campaigns: equal whoever got the mail."""

import pytest

from tipd.mail.hashes import names, of

TEXT = "dear {} we have seen that your parcel waits for you at the station, please pay the toll and click on the link"


@pytest.mark.parametrize("who", ["trapper.keeper", "trapper+tag", "TRAPPER", "trapper99"])
def test_recipients_change_nothing(who):
    address = f"{who.lower()}@example.org"
    name = who.partition("+")[0]
    plain = of(TEXT.format("you"), ["http://a.example/x"], "Your parcel", ())
    found = of(f"{TEXT.format('you')} {name}", ["http://a.example/x"], f"{name}, your parcel", [address])
    assert found.template == plain.template and found.subject == plain.subject and found.text == plain.text


def test_a_picture_with_a_link_is_the_same_for_all():
    one = of("click", ["http://a.example/go/trapper/now"], "look here trapper", ["trapper@example.org"])
    two = of("click", ["http://b.example/go/keeper/now"], "look here keeper", ["keeper@example.org"])
    assert one == two and one.template


def test_words_that_all_use_stay():
    assert names(["info@example.org", "a@example.org"]) == frozenset()
    assert {"trapper", "keeper"} <= names(["trapper.keeper7@example.org"])


def test_a_mail_that_says_nothing_has_no_hashes():
    assert of("", (), "", ()) == ("", "", "")


@pytest.mark.parametrize("said", ["JohnSmith", "jOhNsMiTh", "htimsnhoj", "wbua", "尊敬的John您好"])
def test_nobody_can_guess_a_recipient_from_what_is_hashed(said):
    who = ["john.smith@trap.example.org"]
    plain, found = (
        of(TEXT.format("客户"), (), "Your parcel 快递", who),
        of(TEXT.format(f"客户 {said}"), (), f"Your {said} parcel 快递", who),
    )
    assert found.template == plain.template and found.text == plain.text
    if said.isascii():
        assert found.subject == plain.subject
    else:
        assert found.subject == of("", (), "Your 尊敬的您好 parcel 快递", ()).subject


def test_words_of_a_picture_name_nobody():
    who = ["john.smith@trap.example.org"]
    assert of("click JohnSmith", ["http://a.example/go"], "look here", who) == of(
        "click", ["http://a.example/go"], "look here", who
    )
