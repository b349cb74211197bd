"""Archives inside mails."""

import hashlib
import io
import zipfile

from tipd.mail.limits import Limits
from tipd.mail.nested import Budget, inside


def _zip(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _inside(content, **limits):
    given = Limits(**limits)
    budget = Budget(given, given.unpacked)
    return (*inside(content, "application/zip", budget, 0), budget.met)


def test_members_are_hashed_and_archives_inside_listed():
    content = _zip({"../a.exe": b"MZabc", "b.zip": _zip({"c.txt": b"hi"})})
    found, cut, met = _inside(content)
    assert [one.name for one in found] == ["../a.exe", "b.zip"]
    assert found[0].real == "application/vnd.microsoft.portable-executable"
    assert found[0].sha256 == hashlib.sha256(b"MZabc").hexdigest()
    assert [one.name for one in found[1].inside] == ["c.txt"]
    assert (cut, met) == (False, [])


def test_depth_number_and_bytes_are_capped():
    deep = b"x"
    for _ in range(6):
        deep = _zip({"a.zip": deep})
    found, cut, _ = _inside(deep, nested=2)
    assert found[0].inside[0].cut
    assert found[0].inside[0].inside == ()
    found, cut, met = _inside(_zip({str(at): b"" for at in range(10)}), inside=3)
    assert (len(found), cut, met) == (3, True, ["many_inside"])
    found, _, _ = _inside(_zip({"bomb": b"\0" * 3_000_000, "small": b"x"}), unpacked=1_000_000)
    assert (found[0].sha256, found[0].cut, found[0].size) == ("", True, 3_000_000)
    assert found[1].sha256


def test_what_is_no_archive_is_said():
    assert _inside(b"PK\x03\x04 nothing") == ((), True, ["bad_archive"])
