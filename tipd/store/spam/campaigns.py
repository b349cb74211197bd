"""Campaigns: mails that have a key in common are one, and so are campaigns that a mail has keys of.

Asyncio-flavoured; runs inside a writer's transaction. What is asked once a distinct list of keys, not once a mail, is
worked out here; the rest is a few statements over all of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.store.spam import joining

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from tipd.store.connection import Connection

MOST_KEYS = 1000  # of one campaign; mails with a new one are known by the others they have

_OWNERS = "SELECT key, campaign FROM spam_key WHERE key = ANY($1::bigint[])"
_FOUND = """
INSERT INTO spam_campaign (key, touched)
SELECT key, $2 FROM unnest($1::bigint[]) WITH ORDINALITY AS k (key, n) ORDER BY n
RETURNING id, key
"""
_COUNTS = "SELECT id, keys FROM spam_campaign WHERE id = ANY($1::bigint[])"
_KEYS = "INSERT INTO spam_key (key, campaign) SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS k ORDER BY 1"
_COUNTED = """
UPDATE spam_campaign AS c SET keys = c.keys + k.kept, keys_cut = c.keys_cut + k.cut
  FROM unnest($1::bigint[], $2::integer[], $3::integer[]) AS k (id, kept, cut) WHERE c.id = k.id
"""
_TOUCH = "UPDATE spam_campaign SET touched = $2 WHERE id = ANY($1::bigint[]) AND touched < $2"


@dataclass(slots=True)
class Group:
    """Keys that mails of a batch have in common, the first first, and the campaigns they belonged to before."""

    keys: dict[int, None] = field(default_factory=dict)
    campaigns: set[int] = field(default_factory=set)
    lists: list[int] = field(default_factory=list)  # numbers of lists of keys


async def settle(
    connection: Connection, lists: Mapping[int, tuple[int, ...]], today: date
) -> tuple[dict[int, int], int]:
    """Return the campaign of each list of keys, and how many were begun."""
    if not lists:
        return {}, 0
    asked = sorted({key for keys in lists.values() for key in keys})
    owners = {row["key"]: row["campaign"] for row in await connection.fetch(_OWNERS, asked)}
    groups = grouped(lists, owners)
    fresh = [group for group in groups if not group.campaigns]
    founding = [next(iter(group.keys)) for group in fresh]
    begun = {row["key"]: row["id"] for row in await connection.fetch(_FOUND, founding, today)} if fresh else {}
    for group, key in zip(fresh, founding, strict=True):
        group.campaigns.add(begun[key])
    joined = {
        loser: min(group.campaigns) for group in groups for loser in group.campaigns if loser != min(group.campaigns)
    }
    if joined:
        await joining.join(connection, joined)
    await _store_keys(connection, groups, owners)
    await connection.execute(_TOUCH, [min(group.campaigns) for group in groups], today)
    return {number: min(group.campaigns) for group in groups for number in group.lists}, len(fresh)


def grouped(lists: Mapping[int, tuple[int, ...]], owners: Mapping[int, int]) -> list[Group]:
    """Return what belongs together: lists with a key in common, and lists with keys of one campaign."""
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def root(node: tuple[str, int]) -> tuple[str, int]:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = parent[node]
        return node

    for number, keys in lists.items():
        for node in _nodes(keys, owners):
            parent[root(node)] = root(("list", number))
    found: dict[tuple[str, int], Group] = {}
    for number, keys in lists.items():
        group = found.setdefault(root(("list", number)), Group())
        group.lists.append(number)
        group.keys.update(dict.fromkeys(keys))
        group.campaigns.update(owners[key] for key in keys if key in owners)
    return list(found.values())


def _nodes(keys: Iterable[int], owners: Mapping[int, int]) -> list[tuple[str, int]]:
    return [("campaign", owners[key]) if key in owners else ("key", key) for key in keys]


async def _store_keys(connection: Connection, groups: list[Group], owners: Mapping[int, int]) -> None:
    """Store keys that are new, as many as a campaign may have."""
    new = {min(group.campaigns): [key for key in group.keys if key not in owners] for group in groups}
    new = {campaign: keys for campaign, keys in new.items() if keys}
    if not new:
        return
    rooms = {row["id"]: MOST_KEYS - row["keys"] for row in await connection.fetch(_COUNTS, list(new))}
    kept = {campaign: keys[: max(0, rooms[campaign])] for campaign, keys in new.items()}
    rows = [(key, campaign) for campaign, keys in kept.items() for key in keys]
    if rows:
        await connection.execute(_KEYS, [key for key, _ in rows], [campaign for _, campaign in rows])
    cut = [len(new[campaign]) - len(keys) for campaign, keys in kept.items()]
    await connection.execute(_COUNTED, list(kept), [len(keys) for keys in kept.values()], cut)
