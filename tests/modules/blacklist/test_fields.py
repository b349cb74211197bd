"""`[fields]` as declared."""

import pytest

from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.fields import Field

HEAD = 'url = "https://lists.example.org/x"\nparser = "delimited"\n'


def declared(fields):
    return catalogue.parse(HEAD + "[fields]\n" + fields)


def test_places_and_what_is_done_there():
    source = declared('port = 3\nstatus = "state"\ntags = { at = "tags", split = "|" }\n')
    assert source.places == {"port": 3, "status": "state", "tags": "tags"}
    assert source.fields["tags"] == Field(at="tags", split="|")


def test_whatever_changes_what_is_kept_changes_the_digest():
    digests = {
        declared(fields).digest()
        for fields in (
            "tags = 1\n",
            "tags = 2\n",
            "tags = { at = 1 }\n",
            'tags = { at = 1, split = "," }\n',
            'tags = { at = 1, split = "|" }\n',
            'tags = { at = 1, map = { a = "b" } }\n',
        )
    }
    assert len(digests) == 6
    classes = {
        catalogue.parse(HEAD + f'class = "{word}"\n[fields]\nclass = 1\n').digest() for word in ("scanner", "spam")
    }
    assert len(classes) == 2


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ("Bad = 1\n", "lower-case"),
        ("x = 1.5\n", "fields"),
        ('x = { split = "," }\n', "at"),
        ('x = { at = 1, spilt = "," }\n', "spilt"),
        ('port = { at = 1, format = "%d" }\n', "format is for dates"),
        ('until = { at = 1, format = "%Q" }\n', "until: format .%Q. cannot be read"),
        ('until = { at = 1, format = "%Y %Y" }\n', "until: format .%Y %Y. cannot be read"),
        ('last_seen = { at = 1, format = "%d/%m %H:%M" }\n', "names no day"),
        ('class = { at = 1, map = { x = "brute-farce" } }\n', "did you mean .brute-force"),
        ('tlp = { at = 1, map = { x = "purple" } }\n', "no TLP mark"),
        ("".join(f"f{number} = 1\n" for number in range(25)), "at most 24"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields, error):
    with pytest.raises(ValueError, match=error):
        declared(fields)


def test_a_map_may_drop_a_word():
    assert declared('class = { at = 1, map = { x = "", y = "scanner" } }\n').fields["class"].map["x"] == ""
