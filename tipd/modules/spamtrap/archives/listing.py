"""What there is to take, as the layout says: links of an index page, files of a folder. In worker processes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser

from tipd.modules.spamtrap.archives.members import matches
from tipd.modules.spamtrap.settings import Layout
from tipd.work.unpack import detect, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST_PAGE = 16 * 2**20  # bytes of an index page
MOST_LINKS = 100_000  # of one page
MOST_FOLDERS = 100_000
LONGEST_NAME = 500
HERE = "./"  # the name of a folder's own files
_DIGITS = re.compile(r"(\d+)")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One archive, or one folder of mails: `name` is its path below the index; `stamp` tells whether it is the same.

    `path`: on this machine, as its bytes are.
    """

    name: str
    url: str = ""
    path: bytes = b""
    stamp: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a page or folder holds: `pages` are further index pages; `cut`: there was more than is looked at."""

    pieces: tuple[Piece, ...] = ()
    pages: tuple[str, ...] = ()
    cut: bool = False


class PageJob(msgspec.Struct, frozen=True, kw_only=True):
    """An index page: where it lies, its address, that of the whole archive, and the layout."""

    path: str
    url: str
    root: str
    layout: Layout


class FolderJob(msgspec.Struct, frozen=True, kw_only=True):
    """A folder or file of this machine, and the layout."""

    path: str
    layout: Layout


def read_page(job: PageJob) -> Listing:
    """Return what an index page links to, below the archive's own address. Raises ValueError for what is no page."""
    body = Path(job.path).read_bytes()
    if len(body) > LARGEST_PAGE:
        raise ValueError(f"an index page of {len(body)} bytes")
    if detect(body[:512]) != "plain":
        raise ValueError("this is no index page")
    return links_of(body, job.url, job.root, job.layout)


def links_of(body: bytes, url: str, root: str, layout: Layout) -> Listing:
    """Return what a page's links say."""
    pieces: dict[str, Piece] = {}
    pages: dict[str, None] = {}
    links = list(_links(body))
    for link in links[:MOST_LINKS]:
        target = _below(link, url, root)
        if target is None:
            continue
        whole, name = target
        if matches(name, layout.archives) and not name.endswith("/"):
            if not matches(name, layout.skip):
                pieces[name] = Piece(name=name, url=whole)
        elif name.endswith("/") and whole.rstrip("/") != url.rstrip("/") and _fits_page(name, layout):
            pages[whole] = None
    return Listing(pieces=tuple(pieces.values()), pages=tuple(pages), cut=len(links) > MOST_LINKS)


def _links(body: bytes) -> Iterator[str]:
    for node in LexborHTMLParser(body).css("a[href]"):
        if href := node.attributes.get("href"):
            yield href


def _below(link: str, url: str, root: str) -> tuple[str, str] | None:
    """Return a link's whole address and its name below the root, None where it leads elsewhere."""
    try:
        whole = urljoin(url, link.strip())
        parts, base = urlsplit(whole), urlsplit(root)
    except ValueError:
        return None
    if (parts.scheme, parts.netloc) != (base.scheme, base.netloc) or parts.query:
        return None
    folder = base.path.rpartition("/")[0] + "/"
    if not parts.path.startswith(folder):
        return None
    name = unquote(parts.path.removeprefix(folder))
    if not name or len(name) > LONGEST_NAME or unsafe(name) or not name.isprintable():
        return None
    return f"{parts.scheme}://{parts.netloc}{parts.path}", name


def _fits_page(name: str, layout: Layout) -> bool:
    last = name.rstrip("/").rpartition("/")[2] + "/"
    return name.rstrip("/").count("/") < layout.depth and matches_folder(last, layout.pages)


def matches_folder(name: str, patterns: Iterable[str]) -> bool:
    """Say whether any pattern fits a folder's name, with or without a slash behind it."""
    return matches(name.rstrip("/"), tuple(pattern.rstrip("/") for pattern in patterns))


def read_folder(job: FolderJob) -> Listing:
    """Return the archives below a folder, and those of its folders that hold mails; symbolic links are not followed.

    Raises OSError where the folder itself cannot be read.
    """
    root = Path(job.path)
    if root.is_file():
        return Listing(pieces=(Piece(name=root.name, path=os.fsencode(root), stamp=_stamp(root.stat())),))
    pieces: list[Piece] = []
    waiting, seen = [""], 0
    while waiting and seen < MOST_FOLDERS:
        seen += 1
        found, folders = _of_folder(root, waiting.pop(), job.layout)
        pieces += found
        waiting += folders
    return Listing(pieces=tuple(pieces), cut=bool(waiting))


def _of_folder(root: Path, below: str, layout: Layout) -> tuple[list[Piece], list[str]]:
    pieces: list[Piece] = []
    folders: list[str] = []
    mails = hashlib.sha256()
    count = 0
    try:
        with os.scandir(root / below) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        if not below:
            raise
        return [], []
    for entry in listed:
        if matches(entry.name, layout.skip):
            continue
        name = below + entry.name
        if entry.is_dir(follow_symlinks=False):
            folders.append(name + "/")
            continue
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if not stat.S_ISREG(about.st_mode):
            continue
        if matches(name, layout.archives):
            pieces.append(Piece(name=_shown(name), path=os.fsencode(root / name), stamp=_stamp(about)))
        elif matches(name, layout.members):
            mails.update(os.fsencode(entry.name) + b"\0" + _stamp(about).encode() + b"\0")
            count += 1
    if count:
        stamp = f"{count}-{mails.hexdigest()[:32]}"
        pieces.append(Piece(name=_shown(below or HERE), path=os.fsencode(root / below), stamp=stamp))
    return pieces, folders


def _stamp(about: os.stat_result) -> str:
    return f"{about.st_ino}-{about.st_size}-{about.st_mtime_ns}"


def _shown(name: str) -> str:
    """Return a name as it is stored: decodable, and not too long."""
    text = os.fsencode(name).decode("utf-8", "replace")
    if len(text) <= LONGEST_NAME:
        return text
    return text[: LONGEST_NAME - 33] + "-" + hashlib.sha256(os.fsencode(name)).hexdigest()[:32]


def in_order(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces with the newest first, as their names tell: numbers in them count as numbers."""
    return sorted(pieces, key=lambda piece: _natural(piece.name), reverse=True)


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(name)
    return [(1, int(part), "") if part.isdecimal() and len(part) < 30 else (0, 0, part) for part in parts]
