"""Archives inside mails."""

import gzip
import hashlib
import io
import tarfile
import zipfile

from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.limits import Limits
from tipd.mail.nested import Budget, attachment, inside


def _zip(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _inside(content, **limits):
    budget = Budget(Limits(**limits))
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


def test_names_are_counted_over_the_whole_mail():
    inner = _zip({f"{at}": b"" for at in range(30)})
    found, cut, met = _inside(_zip({f"{at}.zip": inner for at in range(30)}), inside=30)
    assert sum(len(one.inside) for one in found) + len(found) <= 5 * 30
    assert "many_inside" in met
    assert cut


def test_a_compressed_tar_is_listed_through():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.exe"))
    found, _, _ = _inside(_zip({"a.tgz": gzip.compress(file.getvalue())}), nested=4)
    assert found[0].inside[0].inside[0].name == "a.exe"


def test_bombs_take_from_one_budget():
    bomb = _zip({f"{at}": bytes(400_000) for at in range(20)})
    found, _, met = _inside(bomb, unpacked=1_000_000)
    assert sum(one.size for one in found if one.sha256) <= 1_000_000
    assert all(one.sha256 or one.cut for one in found)
    liar = bytearray(_zip({"a": bytes(2_000_000)}))
    at = liar.rindex(b"PK\x01\x02")
    liar[at + 24 : at + 28] = bytes(4)  # says it unpacks to nothing
    found, _, met = _inside(bytes(liar), unpacked=1_000_000)
    assert (found[0].sha256, found[0].cut, met) == ("", True, ["many_inside"])


@given(st.binary(max_size=200))
def test_whatever_it_holds_it_is_listed_or_refused(content):
    for magic in (b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\x00", b"Rar!\x1a\x07\x00", b"\x1f\x8b\x08"):
        budget = Budget(Limits())
        attachment("a", "b", magic + content, budget, 0)
        assert set(budget.met) <= {"bad_archive", "many_inside"}
