"""The demo's archive of spam: an index, archives of nested folders, one of which grows."""

import io

import py7zr

from demo.post import archive


def members(page):
    with py7zr.SevenZipFile(io.BytesIO(page.body)) as packed:
        return [info.filename for info in packed.list() if not info.is_directory]


def test_the_index_leads_to_every_archive():
    page = archive.index(0).body.decode()
    paths = [path for path in archive.answers() if path != archive.PATH]
    assert paths
    assert all(f'href="{path.removeprefix(archive.PATH)}"' in page for path in paths)


def test_only_the_last_month_grows_and_it_keeps_what_it_had():
    answers = archive.answers()
    finished, growing = answers[f"{archive.PATH}2026-09.7z"], answers[f"{archive.PATH}{archive.GROWING[0]}.7z"]
    assert finished(0, {}, b"").body == finished(5, {}, b"").body
    before, after = members(growing(0, {}, b"")), members(growing(2, {}, b""))
    assert set(before) < set(after)
    assert len(after) == archive.mails_in(2) - archive.mails_in(0) + len(before)
    assert members(growing(99, {}, b"")) == members(growing(archive.GROWS_FOR, {}, b""))
