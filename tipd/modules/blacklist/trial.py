"""Try a source without storing anything: what would be read, refused and guessed (`tipd sources test`).

chosen = find(target, settings)                        # a name, a declaration's file, a body's file, or a URL
body = chosen.body or await fetch(chosen, fetcher, into, credentials)
trial = run(chosen, body, scratch)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ada_url
import msgspec

from tipd.config import nearest
from tipd.errors import ConfigError
from tipd.model.moment import rfc3339
from tipd.model.tlp import Tlp
from tipd.modules.blacklist import catalogue
from tipd.modules.blacklist.body import DOCUMENTS, max_body, request_for
from tipd.modules.blacklist.catalogue import Fault
from tipd.modules.blacklist.guards import refusal
from tipd.modules.blacklist.guess import guess
from tipd.modules.blacklist.local import copy_local
from tipd.modules.blacklist.manifest import sample
from tipd.modules.blacklist.reader import read
from tipd.modules.blacklist.reading.job import First, ReadJob, ReadResult
from tipd.modules.blacklist.reading.snapshot import Identity
from tipd.modules.blacklist.signed import ENDINGS, get_signature, signature_beside
from tipd.net.request import Request

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import Fetches
    from tipd.modules.blacklist.settings import BlacklistSettings

FIRST = 20
_SEED = 0
_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to be tried: a declared `source`, or None to guess one; a local `body`; the `url` a body comes from."""

    source: Source | None = None
    body: Path | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An indicator that would be listed, and what would be kept beside it."""

    kind: str
    value: str
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    `declaration` is the TOML text that was used where it was guessed, with `guesses` on what it rests; `state` is what
    the source's state would be, `why` the reason where it is not `ok`; `rows` are the first ones.
    """

    source: Source
    result: ReadResult
    state: str
    why: str | None
    rows: list[TrialRow]
    guesses: list[str] = field(default_factory=list)
    declaration: str = ""


def find(target: str, settings: BlacklistSettings, body: Path | None = None) -> Chosen:
    """Return what a word on the command line means: a declared name, a file, or a URL.

    Raises ConfigError where it is none of them, or its declaration is wrong.
    """
    if re.match(r"https?://", target):
        return Chosen(body=body, url=target)
    sources = catalogue.load(settings)
    if target in sources.ok:
        return _chosen(sources.ok[target], body)
    wrong = [fault.message for fault in sources.errors if fault.name == target]
    if wrong:
        raise ConfigError(wrong[0])
    path = Path(target)
    if path.suffix == ".toml" and path.is_file():
        return _declared(path, body)
    if path.is_file():
        return Chosen(body=body or path)
    raise ConfigError(f"{target}: is no source, no file and no URL{nearest(target, sources.ok)}")


def _declared(path: Path, body: Path | None) -> Chosen:
    loaded = catalogue.load_file(path)
    if isinstance(loaded, Fault):
        raise ConfigError(loaded.message)
    return _chosen(loaded, body)


def _chosen(source: Source, body: Path | None) -> Chosen:
    if source.entries and body is None:
        raise ConfigError(
            f"{source.name}: is kept by hand (entries = true), there is nothing to fetch; name a file to read as it"
        )
    return Chosen(source, body, source.url)


async def fetch(chosen: Chosen, fetcher: Fetches, into: Path, credentials: Path) -> Path:
    """Get the body and return where it is. Raises FetchError; OSError, ValueError for a local one."""
    source = chosen.source
    if source is not None and source.path:
        copy_local(Path(source.path), into, max_body(source), source.member, documents=source.parser in DOCUMENTS)
        return into
    if source is not None and source.request.pages.by == "manifest":
        await sample(source, fetcher, into, credentials)
        return into
    request = request_for(source, credentials=credentials) if source is not None else Request(url=chosen.url)
    await fetcher.fetch(request, into)
    if source is not None:
        await get_signature(fetcher, source, into.with_name(into.name + ENDINGS[0]), credentials)
    return into


def run(chosen: Chosen, body: Path, scratch: Path, *, first: int = FIRST) -> Trial:
    """Read the body as the source would; `scratch` is an empty folder. Raises OSError, and UnpackError from a guess.

    Reads in this very process: for the command line, not for the daemon.
    """
    source, text = chosen.source, ""
    guesses: list[str] = []
    if source is None:
        tree, guesses = guess(body)
        named = {"name": _name_of(chosen.url or body.name), "url": chosen.url or "https://lists.example.org/list.txt"}
        text = to_toml(named | tree)
        source = catalogue.from_tree(named | tree)
    identity = Identity(store_id="", source_id=0, last_round=0, read_digest="")
    job = ReadJob(
        body=str(body),
        folder=str(scratch),
        source=source,
        seed=_SEED,
        identity=identity,
        first=first,
        signature=signature_beside(body),
    )
    result = read(job)
    refused = refusal(source, result)
    rows = [_row(one) for one in result.first]
    state, why = (str(refused.state), refused.why) if refused else ("ok", None)
    return Trial(source, result, state, why, rows, guesses, text)


def _row(one: First) -> TrialRow:
    beside: dict[str, Any] = dict(one.context)
    if one.tlp is not None:
        beside["tlp"] = Tlp(one.tlp).word
    if one.until is not None:
        beside["until"] = rfc3339(one.until)
    return TrialRow(one.kind, one.value, beside or None)


def _name_of(text: str) -> str:
    """Return a source's name made of a URL's host and last part, or of a file's name."""
    if "://" in text:
        try:
            url = ada_url.URL(text)
        except ValueError:
            return "new_source"
        text = f"{url.hostname.removeprefix('www.')}_{Path(url.pathname).stem}"
    else:
        text = text.partition(".")[0]
    return _NAME.sub("_", text.lower()).strip("_")[:64] or "new_source"


def to_toml(tree: dict[str, Any]) -> str:
    """Return a declaration's keys as TOML: plain ones first, then tables."""
    lines = [f"{key} = {_toml(value)}" for key, value in tree.items() if not isinstance(value, dict)]
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            lines += ["", f"[{key}]", *(f"{name} = {_toml(inner)}" for name, inner in value.items())]
    return "\n".join([*lines, ""])


def _toml(value: Any) -> str:
    """JSON's strings, numbers, arrays and truth values are TOML's too."""
    return msgspec.json.encode(value).decode()
