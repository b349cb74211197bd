"""What in a log's line can be looked up: addresses, names, URLs, e-mail addresses, hashes. In linear time.

A line is cut at what stands between words, URLs first; each word is then looked at once. What is only perhaps a name
(`index.html`) is asked for all the same: nobody lists it.
"""

from __future__ import annotations

import re
import socket

LONGEST_LINE = 65_536
MOST_VALUES = 50  # of one line
_LONGEST_VALUE = 2048
_URL = re.compile(r"\bhttps?://[^\s\"'<>\\^`{|}]+", re.ASCII | re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\"'<>()\[\]{},;|=\\^`*!$&]+")
_ADDRESS4 = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})(?:[:#/]\d{1,5})?\Z", re.ASCII)
_ADDRESS6 = re.compile(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+\Z", re.ASCII)
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]\Z", re.ASCII)
_LONGEST_NAME = 253
_HASH = re.compile(r"(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})\Z", re.ASCII)
_TRAILING = ".:,;!?)]}'\""


def values(line: str) -> list[str]:
    """Return what the line holds, each once, in order; at most MOST_VALUES."""
    found: dict[str, None] = {}
    line = line[:LONGEST_LINE]
    rest = line
    if "://" in line:
        for match in _URL.finditer(line):
            found[match[0].rstrip(_TRAILING)[:_LONGEST_VALUE]] = None
        rest = _URL.sub(" ", line)
    for word in _BETWEEN.split(rest):
        if len(found) >= MOST_VALUES:
            break
        if len(word) > 3:
            for value in _of_word(word.strip(".:-/@#%?+~")):
                found[value] = None
    return list(found)[:MOST_VALUES]


def _of_word(word: str) -> list[str]:
    parts = word.split("/") if "/" in word else []
    if len(parts) > 1 and "." in word:  # DIRECT/192.0.2.7, example.org/path: addresses anywhere, a name at the front
        found = _of_word(parts[0].strip(_TRAILING))
        return found + [part for part in parts[1:] if _ADDRESS4.match(part) for part in _of_word(part)]
    if "." not in word and ":" not in word:
        return [word.lower()] if len(word) in {32, 40, 64} and _HASH.match(word) else []
    address = _ADDRESS4.match(word)
    if address is not None:
        return [address[1]] if all(int(part) < 256 for part in address[1].split(".")) else []
    if word.count(":") > 1:
        return _address6(word)
    user, at, host = word.rpartition("@")
    host = host.partition(":")[0].partition("/")[0].partition("#")[0].rstrip(".")
    address = _ADDRESS4.match(host)
    if address is not None:
        return [address[1]] if all(int(part) < 256 for part in address[1].split(".")) else []
    if len(host) > _LONGEST_NAME or not _NAME.match(host):
        return []
    return [f"{user}@{host}", host] if at and user and len(user) <= 64 else [host]


def _address6(word: str) -> list[str]:
    word = word.partition("%")[0].partition("/")[0].partition("#")[0]
    if len(word) > 45 or not _ADDRESS6.match(word):
        return []
    try:
        packed = socket.inet_pton(socket.AF_INET6, word)
    except (OSError, ValueError):
        return []
    return [] if packed[:8] == bytes(8) and packed[8:12] == bytes(4) else [socket.inet_ntop(socket.AF_INET6, packed)]
