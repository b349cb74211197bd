"""A chain is a folder: what is there, what may follow, what is refused."""

import os

import msgspec
import pytest
from support.sealed import KEY, NEXT, grow, manifest

from tipd.agent.chain import Chain, ChainError, Index
from tipd.agent.protocol import digest, public_text


@pytest.fixture
def chain(tmp_path) -> Chain:
    return Chain(tmp_path / "redacted")


def test_a_folder_that_is_not_there_is_an_empty_chain(chain):
    assert (chain.first, chain.last) == (0, 0)
    assert chain.index() == Index()
    assert list(chain.check(KEY)) == []
    with pytest.raises(FileNotFoundError):
        chain.manifest(1)


def test_versions_are_appended_and_found_again(chain, tmp_path):
    told = [grow(chain, tmp_path, b"{}\n" * n) for n in range(1, 4)]
    again = Chain(chain.folder)
    assert (again.first, again.last) == (1, 3)
    assert [again.manifest(n) for n in (1, 2, 3)] == told
    assert again.index() == Index(agent="mx1", view="redacted", first=1, last=3)
    assert msgspec.json.decode((chain.folder / "index.json").read_bytes(), type=Index) == again.index()
    assert not list(tmp_path.glob("*.tmp"))  # moved, not copied
    assert [(link.n, link.state) for link in again.check(KEY)] == [(1, "good"), (2, "good"), (3, "good")]
    assert [link.n for link in again.check(since=1)] == [2, 3]


def test_what_is_buried_leaves_its_manifest(chain, tmp_path):
    for _ in range(3):
        grow(chain, tmp_path)
    chain.bury(1)
    chain.bury(1)
    assert (chain.first, chain.last) == (2, 3)
    with pytest.raises(FileNotFoundError):
        chain.body(1)
    assert [link.state for link in Chain(chain.folder).check(KEY)] == ["tombstone", "good", "good"]
    chain.bury(2)
    chain.bury(3)
    assert chain.index() == Index(agent="mx1", view="redacted", first=0, last=3)
    grow(chain, tmp_path)
    assert (chain.first, chain.last) == (4, 4)


def test_a_version_whose_lines_are_gone_can_be_taken(chain, tmp_path):
    grow(chain, tmp_path)
    chain.append(manifest(2, digest(chain.manifest(1)), b"gone"), 2, None)
    assert (chain.first, chain.last, chain.has_body(2)) == (1, 2, False)


@pytest.mark.parametrize(
    ("n", "previous"), [(3, None), (1, None), (2, "00" * 32), (2, None)], ids=["gap", "again", "fork", "begun anew"]
)
def test_what_does_not_follow_is_refused(chain, tmp_path, n, previous):
    grow(chain, tmp_path)
    with pytest.raises(ChainError):
        chain.append(manifest(n, previous, b""), n, None)
    with pytest.raises(ChainError):
        chain.append(b"[]", 2, None)
    assert Chain(chain.folder).last == 1


def test_lines_without_a_manifest_are_not_there(chain, tmp_path):
    grow(chain, tmp_path)
    (chain.folder / "2.jsonl.zst").write_bytes(b"torn")  # killed before the manifest
    (chain.folder / ".2.manifest.tmp").write_bytes(b"{")
    (chain.folder / "03.manifest").write_bytes(b"{}")
    again = Chain(chain.folder)
    assert again.last == 1
    grow(again, tmp_path, b"{}\n")
    assert [link.state for link in again.check(KEY)] == ["good", "good"]


def test_a_reader_sees_what_another_process_appended(chain, tmp_path):
    reader = Chain(chain.folder)
    grow(chain, tmp_path)
    assert reader.last == 0
    reader.refresh()
    assert reader.last == 1


@pytest.mark.parametrize("harm", ["lines", "manifest", "swapped", "cut"])
def test_a_chain_that_was_changed_is_bad_from_there_on(chain, tmp_path, harm):
    for n in range(4):
        grow(chain, tmp_path, b"%d\n" % n)
    folder = chain.folder
    if harm == "lines":
        (folder / "2.jsonl.zst").write_bytes(b"else")
    elif harm == "manifest":
        (folder / "2.manifest").write_bytes((folder / "2.manifest").read_bytes().replace(b"green", b"clear"))
    elif harm == "swapped":
        (folder / "2.manifest").write_bytes((folder / "3.manifest").read_bytes())
    else:
        (folder / "2.manifest").write_bytes((folder / "2.manifest").read_bytes()[:40])
    links = list(Chain(folder).check(KEY))
    assert [link.state for link in links] == ["good", "bad"]
    assert links[-1].reason


def test_a_manifest_that_is_missing_is_a_hole(chain, tmp_path):
    for _ in range(3):
        grow(chain, tmp_path)
    (chain.folder / "2.manifest").unlink()
    assert [link.state for link in Chain(chain.folder).check(KEY)] == ["good", "bad"]


def test_a_new_key_counts_where_the_old_one_named_it(chain, tmp_path):
    new = public_text(NEXT.public_key())
    grow(chain, tmp_path, next_key=new)
    grow(chain, tmp_path, key=NEXT)
    assert [link.state for link in chain.check(KEY)] == ["good", "good"]
    assert chain.key_after(1) == chain.key_after(2) == new


def test_another_key_does_not(chain, tmp_path):
    grow(chain, tmp_path)
    grow(chain, tmp_path, key=NEXT)
    assert [link.state for link in chain.check(KEY)] == ["good", "bad"]
    assert [link.state for link in chain.check(public_text(NEXT.public_key()))] == ["bad"]


def test_links_pipes_and_endless_files_are_no_manifests(chain, tmp_path):
    grow(chain, tmp_path)
    os.mkfifo(chain.folder / "2.manifest")
    (chain.folder / "3.manifest").symlink_to(chain.folder / "1.manifest")
    with (chain.folder / "4.manifest").open("wb") as file:
        file.truncate(5 * 2**20)
    again = Chain(chain.folder)
    for n, error in ((2, ChainError), (3, OSError), (4, ChainError)):
        with pytest.raises(error):
            again.manifest(n)
    (chain.folder / "1.jsonl.zst").unlink()
    (chain.folder / "1.jsonl.zst").symlink_to("/etc/passwd")
    with pytest.raises(ChainError):
        again.body(1)


def test_lines_come_in_from_another_file_system(chain, tmp_path, monkeypatch):
    import errno
    from pathlib import Path

    real, tried = Path.replace, []

    def replace(self, target):
        if not tried and self.suffix == ".tmp" and not self.name.startswith("."):
            tried.append(self)
            raise OSError(errno.EXDEV, "another file system")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    grow(chain, tmp_path, b"{}\n")
    assert tried
    assert [link.state for link in chain.check(KEY)] == ["good"]
    assert not list(tmp_path.glob("*.tmp"))
