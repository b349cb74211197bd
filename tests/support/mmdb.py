"""Writes a small MMDB (MaxMind DB file format 2.0), so that tests need nobody's data."""

import ipaddress
from collections.abc import Mapping
from typing import Any

MARK = b"\xab\xcd\xefMaxMind.com"


def mmdb(networks: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a database of 24-bit records, version 6: IPv4 networks stand below ::/96."""
    tree: list[list[Any]] = [[None, None]]
    data = bytearray()
    for text, record in networks.items():
        place = len(data)
        data += _encoded(dict(record))
        _insert(tree, ipaddress.ip_network(text), place)
    nodes = b"".join(_record(left, len(tree)) + _record(right, len(tree)) for left, right in tree)
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_700_000_000,
        "database_type": "Example-ASN",
        "description": {"en": "made for a test"},
        "ip_version": 6,
        "languages": ["en"],
        "node_count": len(tree),
        "record_size": 24,
    }
    return nodes + bytes(16) + bytes(data) + MARK + _encoded(about)


def _insert(tree: list[list[Any]], network: Any, place: int) -> None:
    bits = f"{int(network.network_address):0{128}b}"
    length = network.prefixlen + (96 if network.version == 4 else 0)
    node = 0
    for bit in bits[: length - 1]:
        if tree[node][int(bit)] is None:
            tree.append([None, None])
            tree[node][int(bit)] = len(tree) - 1
        node = tree[node][int(bit)]
    tree[node][int(bits[length - 1])] = ("data", place)


def _record(child: Any, count: int) -> bytes:
    if child is None:
        return count.to_bytes(3)
    return (count + 16 + child[1] if isinstance(child, tuple) else child).to_bytes(3)


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, int):
        raw = value.to_bytes((value.bit_length() + 7) // 8)
        return (_control(6, len(raw)) if value < 2**32 else _control(9, len(raw))) + raw
    if isinstance(value, dict):
        return _control(7, len(value)) + b"".join(_encoded(key) + _encoded(inner) for key, inner in value.items())
    return _control(11, len(value)) + b"".join(map(_encoded, value))


def _control(kind: int, size: int) -> bytes:
    """The type in the upper three bits (0: it follows, less 7), the size in the lower five."""
    big = size - 29 if size >= 29 else None
    low = 29 if big is not None else size
    head = bytes([kind << 5 | low]) if kind < 8 else bytes([low, kind - 7])
    return head + (bytes([big]) if big is not None else b"")
