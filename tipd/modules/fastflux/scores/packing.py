"""A history as bytes: what is stored of a name, so that a restart, or a cold name, loses nothing.

Version, flags, then LEB128 numbers (times in milliseconds from the first look-up) and narrow arrays; addresses and ASNs
of the last look-ups are places among all. A usual name takes some 300 bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from tipd.model.dns import MOST_TTL, Outcome
from tipd.modules.fastflux.scores.growth import MOST_POINTS
from tipd.modules.fastflux.scores.holz import Window
from tipd.modules.fastflux.scores.look import Look, numbers
from tipd.modules.fastflux.scores.nameservers import MOST_NAMES, Nameservers
from tipd.modules.fastflux.scores.spread import MOST, Spread
from tipd.modules.fastflux.scores.varint import Taker, put, put_array

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator

    from tipd.modules.fastflux.scores.history import History

VERSION = 1
_UNPLACED, _SHOWN, _ANCHOR, _APART, _WINDOW, _SIX, _NS, _CNAMES = (1 << place for place in range(8))
_TRUE_TTL, _PLACED, _NAMED = 16, 32, 64  # of a look-up, beside its outcome
MOST_CNAMES = 8  # distinct ends of CNAME chains that are told apart, the latest
_SIX_SHAPE = ("Q", 32, 16)
_BUCKETS = 128  # more than four an octave make of 31 bits


def packed(history: History) -> bytes:
    """Return the bytes of a history."""
    into = bytearray((VERSION, _flags(history)))
    first = _ms(history.first or (history.shown.at if history.shown else 0.0))
    put(into, (first, *_counts_of(history), *[_apart(at, first) for at in _times_of(history)]))
    _put_spread(into, history.spread)
    put_array(into, history.growth.looks)
    put_array(into, history.growth.totals)
    put_array(into, history.ttls.values)
    into += history.ttls.counts
    put(into, (history.growth.stride, history.ttls.least, history.ttls.greatest))
    if history.shown is not None:
        _put_look(into, history.shown, history.spread, first)
    if history.anchor is not None and history.anchor is not history.shown:
        _put_look(into, history.anchor, history.spread, first)
    if history.window is not None:
        _put_window(into, history.window, first)
    if history.spread6 is not None:
        _put_spread(into, history.spread6)
    if history.ns is not None:
        _put_ns(into, history.ns, first)
    if history.cnames:
        put(into, (len(history.cnames),))
        for cname, at in history.cnames.items():
            _put_text(into, cname)
            put(into, (_apart(at, first),))
    return bytes(into)


def _counts_of(history: History) -> tuple[int, ...]:
    return (
        history.looks,
        history.size,
        history.windows,
        history.flux,
        history.moved,
        history.stable,
        history.away,
        history.barred,
        history.epoch_looks,
        history.epoch_new,
        history.former_looks,
        history.former_new,
    )


def _times_of(history: History) -> tuple[float, float, float, float]:
    return history.last, history.away_since, history.epoch, history.direct


def _flags(history: History) -> int:
    return (
        history.unplaced * _UNPLACED
        | (history.shown is not None) * _SHOWN
        | (history.anchor is not None) * _ANCHOR
        | (history.anchor is not history.shown) * _APART
        | (history.window is not None) * _WINDOW
        | (history.spread6 is not None) * _SIX
        | (history.ns is not None) * _NS
        | bool(history.cnames) * _CNAMES
    )


def _ms(at: float) -> int:
    return round(at * 1000) if at > 0 else 0


def _apart(at: float, first: int) -> int:
    """Return the distance of a time from the first one, both signs in one number."""
    apart = _ms(at) - first
    return apart << 1 if apart >= 0 else -apart << 1 | 1


def _put_text(into: bytearray, text: str) -> None:
    spelled = text.encode()
    put(into, (len(spelled),))
    into += spelled


def _put_spread(into: bytearray, spread: Spread) -> None:
    put_array(into, spread.numbers)
    put_array(into, spread.asns)
    put_array(into, spread.counts)
    put(into, (spread.cut, spread.wide, spread.narrow))


def _put_look(into: bytearray, look: Look, spread: Spread, first: int) -> None:
    placed = bool(look.asns) and look.placed
    into.append(look.outcome | look.true_ttl * _TRUE_TTL | placed * _PLACED | bool(look.cname) * _NAMED)
    found = numbers(look.addresses)
    told = [_apart(look.at, first), look.ttl, look.barred, len(found), *_places_of(found, spread.numbers)]
    if placed:
        told += _places_of(look.asns, spread.asns)
    put(into, told)
    if look.cname:
        _put_text(into, look.cname)


def _places_of(found: tuple[int, ...], among: array[int]) -> Iterator[int]:
    """Yield numbers as their places (from 1) among sorted ones; 0 and the number itself where it is not there."""
    size = len(among)
    for number in found:
        place = bisect_left(among, number)
        if place < size and among[place] == number:
            yield place + 1
        else:
            yield 0
            yield number


def _put_window(into: bytearray, window: Window, first: int) -> None:
    asns = 0 if window.n_asn is None else window.n_asn + 1
    counts = (window.n_a << 1 | window.changed, asns, window.n_ns)
    put(into, (_apart(window.first, first), _apart(window.second, first), *counts))


def _put_ns(into: bytearray, ns: Nameservers, first: int) -> None:
    put(into, (_apart(ns.first, first), _apart(ns.last, first)))
    put(into, (ns.looks, ns.changes, ns.size, ns.start, ns.named, ns.now, ns.shown))
    put_array(into, ns.names)
    _put_spread(into, ns.spread)


def unpacked(memo: bytes, history: History) -> History:
    """Fill an empty history from its bytes. Raises ValueError where they are none of ours."""
    try:
        return _unpacked(memo, history)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def _unpacked(memo: bytes, history: History) -> History:
    if len(memo) < 2 or memo[0] != VERSION:
        raise ValueError("not a history of this version")
    flags, take = memo[1], Taker(memo, 2)
    first = take.one()
    history.looks, history.size, history.windows, history.flux, history.moved = take.many(5)
    history.stable, history.away, history.barred = take.many(3)
    history.epoch_looks, history.epoch_new, history.former_looks, history.former_new = take.many(4)
    history.last, history.away_since, history.epoch, history.direct = (_time(take, first) for _ in range(4))
    history.first = first / 1000 if history.looks else 0.0
    history.unplaced = bool(flags & _UNPLACED)
    _take_spread(take, history.spread)
    take.array(history.growth.looks, MOST_POINTS)
    take.array(history.growth.totals, MOST_POINTS)
    take.array(history.ttls.values, _BUCKETS)
    history.ttls.counts += take.bytes(len(history.ttls.values))
    history.growth.stride, history.ttls.least, history.ttls.greatest = max(1, take.one()), take.one(), take.one()
    if len(history.growth.looks) != len(history.growth.totals):
        raise ValueError("a growth curve with half a point")
    if flags & _SHOWN:
        history.shown = _take_look(take, history.spread, first)
    if flags & _ANCHOR:
        history.anchor = _take_look(take, history.spread, first) if flags & _APART else history.shown
    _take_rest(take, flags, history, first)
    return history


def _take_rest(take: Taker, flags: int, history: History, first: int) -> None:
    if flags & _WINDOW:
        history.window = _take_window(take, first)
    if flags & _SIX:
        history.spread6 = Spread(*_SIX_SHAPE)
        _take_spread(take, history.spread6)
    if flags & _NS:
        history.ns = _take_ns(take, first)
    if flags & _CNAMES:
        history.cnames = {_text(take): _time(take, first) for _ in range(min(take.one(), MOST_CNAMES))}


def _time(take: Taker, first: int) -> float:
    apart = take.one()
    return max(0, first - (apart >> 1) if apart & 1 else first + (apart >> 1)) / 1000


def _text(take: Taker) -> str:
    return take.bytes(take.one()).decode()


def _take_spread(take: Taker, spread: Spread) -> None:
    take.array(spread.numbers, MOST)
    take.array(spread.asns, MOST)
    take.array(spread.counts, MOST)
    if len(spread.asns) != len(spread.counts):
        raise ValueError("an AS without a count")
    spread.weigh()
    spread.cut, spread.wide, spread.narrow = take.one(), take.one(), take.one()


def _take_look(take: Taker, spread: Spread, first: int) -> Look:
    kind = take.memo[take.at : take.at + 1]
    if not kind:
        raise ValueError("the bytes end too soon")
    take.at += 1
    at, ttl, barred = _time(take, first), take.one(), take.one()
    count = take.one()
    addresses = b"".join([number.to_bytes(4) for number in _places(take, count, spread.numbers)])
    asns = tuple(_places(take, count, spread.asns)) if kind[0] & _PLACED else ()
    cname = _text(take) if kind[0] & _NAMED else ""
    if ttl > MOST_TTL:
        raise ValueError(f"a TTL of {ttl} s")
    outcome = Outcome(kind[0] & 15)
    return Look(at, outcome, addresses, asns, b"", ttl, bool(kind[0] & _TRUE_TTL), cname, barred)


def _places(take: Taker, count: int, among: array[int]) -> list[int]:
    if count > len(take.memo):
        raise ValueError("there are fewer bytes than numbers")
    found = []
    for _ in range(count):
        place = take.one()
        if place > len(among):
            raise ValueError("a place beyond the last")
        found.append(among[place - 1] if place else take.one())
    return found


def _take_window(take: Taker, first: int) -> Window:
    begun, ended = _time(take, first), _time(take, first)
    n_a, n_asn, n_ns = take.one(), take.one(), take.one()
    return Window(begun, ended, n_a >> 1, n_asn - 1 if n_asn else None, bool(n_a & 1), n_ns)


def _take_ns(take: Taker, first: int) -> Nameservers:
    ns = Nameservers()
    ns.first, ns.last = _time(take, first), _time(take, first)
    ns.looks, ns.changes, ns.size, ns.start, ns.named, ns.now, ns.shown = take.many(7)
    take.array(ns.names, MOST_NAMES)
    _take_spread(take, ns.spread)
    return ns
