"""What is known of every watched name, in slots: arrays of numbers side by side, and two byte strings a name.

A name that never changes costs its numbers (67 bytes), its name and its last set of addresses as byte strings, and
nothing else. Times are kept as sixteenths of a second since `base`, from 1 on (0: never), which is enough for eight
years; one that a clock set wrong gives beyond them is kept as the nearest that can be. A slot is used again after its
name has gone; whoever keeps a slot's number keeps the number of the question with it (`asked`), or the name's id.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tipd.model.dns import Outcome, Route, text_name, wire_name
from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.wheel import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.model.flux import KnownName

BLOCK = 4096  # slots made at once
FREE = 15  # beside the codes of State: the slot holds no name
UNASKED = 7  # beside the codes of Outcome: no answer yet
RESERVED = 1  # flag: the name's turn among those of its registrable domain has been given out already
TRUE_TTL = 2  # flag: the last answer came from the zone's own servers
UNTOLD = 4  # flag: its due time moved, and nothing else will tell the store so
PART = 16.0  # of a second
_PAGE_BITS = 10
_MOST_SERVERS = 250
_LAST_STAMP = 2**32 - 1
OTHERS = "others"  # servers beyond so many


class Label(msgspec.Struct, frozen=True):
    """What names have in common that people and lists said: tags, the mark, and through whom they are asked for.

    `hidden`: tags that choose how they are asked for, and are told to nobody.
    """

    tags: tuple[str, ...] = ()
    tlp: Tlp = Tlp.GREEN
    route: Route = Route.RESOLVERS
    hidden: tuple[str, ...] = ()


class Records:
    """Every array is indexed by slot.

    `sets`: the last answer's packed addresses; `outcomes`: its outcome's code, or UNASKED; `ends`: the end of its CNAME
    chain, where there is one. `ttl`: its TTL. `began`: when what it brought was first brought (or first since the
    start). `samples`: answers in all; `saved` of them are stored, `fed` of them are in the name's history, or were
    there before what it brings now. `first`, `last`, `low`, `high`: times and TTLs of those not stored yet.
    `judge_at`: at this many samples it is judged again though nothing changed. `bad`: questions in a row that brought
    no address. `asked`: the number of the question under way, 0: none.
    """

    def __init__(self, base: float = 0.0) -> None:
        """No name yet; `base`: the seconds since 1970 that times are counted from."""
        self.base = base
        self.ids = array("I")
        self.due = array("I")
        self.ttl = array("I")
        self.samples = array("I")
        self.saved = array("I")
        self.fed = array("I")
        self.judge_at = array("I")
        self.low = array("I")
        self.high = array("I")
        self.first = array("I")
        self.last = array("I")
        self.began = array("I")
        self.revisions = array("I")
        self.apexes = array("I")
        self.labels = array("I")
        self.asked = array("H")
        self.states = bytearray()
        self.outcomes = bytearray()
        self.bad = bytearray()
        self.flags = bytearray()
        self.servers = bytearray()
        self.wires: list[bytes | None] = []
        self.sets: list[bytes] = []
        self.ends: dict[int, str] = {}
        self.count = 0
        self._revision = 0  # that the array counts from
        self._free = array("I")
        self._pages: dict[int, array[int]] = {}  # id -> slot + 1, in pages
        self._labels: list[Label] = []
        self._numbers: dict[Label, int] = {}
        self._servers: list[str] = [""]
        self._server_numbers: dict[str, int] = {"": 0}

    def __len__(self) -> int:
        """Return how many slots there are, free ones too."""
        return len(self.wires)

    def add(self, known: KnownName, apex: int, label: Label) -> int:
        """Give a name a slot, and return it; raises ValueError for a name that no question can hold."""
        wire = wire_name(known.name)
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self.wires[slot], self.sets[slot] = wire, b""
        self.ids[slot], self.apexes[slot], self.labels[slot] = known.id, apex, self._label_number(label)
        self.ttl[slot] = max(0, known.ttl)
        self.samples[slot] = self.saved[slot] = self.fed[slot] = min(known.samples, 2**31)
        self.first[slot] = self.last[slot] = self.began[slot] = self.low[slot] = self.high[slot] = 0
        self.judge_at[slot] = 0
        self.revise(slot, known.revision)
        self.states[slot], self.outcomes[slot] = known.state, UNASKED
        self.bad[slot] = self.flags[slot] = self.servers[slot] = 0
        self._place(known.id, slot + 1)
        self.count += 1
        return slot

    def remove(self, slot: int) -> None:
        """Let a name go; an answer that is still under way belongs to nobody then."""
        self._place(self.ids[slot], 0)
        self.wires[slot], self.sets[slot] = None, b""
        self.states[slot] = FREE
        self.due[slot], self.asked[slot] = NEVER, 0
        self.ends.pop(slot, None)
        self._free.append(slot)
        self.count -= 1

    def slot_of(self, name_id: int) -> int:
        """Return the slot of a name, -1 where it is not watched."""
        page = self._pages.get(name_id >> _PAGE_BITS)
        return page[name_id & (1 << _PAGE_BITS) - 1] - 1 if page is not None else -1

    def in_states(self, states: Iterable[State]) -> list[int]:
        """Return the slots of names in these states; quick also among millions."""
        codes = np.frombuffer(bytes(self.states), np.uint8)  # a copy: arrays that are looked into cannot grow
        found: list[int] = np.flatnonzero(np.isin(codes, np.array([*states], np.uint8))).tolist()
        return found

    def by_state(self) -> dict[str, int]:
        """Return how many names are in which state; quick also among millions."""
        counts = np.bincount(np.frombuffer(bytes(self.states), np.uint8), minlength=FREE + 1).tolist()
        return {state.word: counts[state] for state in State if counts[state]}

    def under_way(self) -> list[tuple[int, int]]:
        """Return the slots whose question is under way, and its number."""
        asked = np.frombuffer(self.asked.tobytes(), np.uint16)
        return [(slot, self.asked[slot]) for slot in np.flatnonzero(asked).tolist()]

    def name(self, slot: int) -> str:
        """Return the name's text."""
        wire = self.wires[slot]
        if wire is None:
            raise LookupError(f"slot {slot} holds no name")
        return text_name(wire)

    def state(self, slot: int) -> State:
        """Return where the name stands."""
        return State(self.states[slot])

    def outcome(self, slot: int) -> Outcome | None:
        """Return how its last answered question ended, None before the first."""
        code = self.outcomes[slot]
        return None if code == UNASKED else Outcome(code)

    def label(self, slot: int) -> Label:
        """Return its tags, mark and route."""
        return self._labels[self.labels[slot]]

    def relabel(self, slot: int, label: Label) -> None:
        """Change them."""
        self.labels[slot] = self._label_number(label)

    def server(self, slot: int) -> str:
        """Return who answered last."""
        return self._servers[self.servers[slot]]

    def server_number(self, server: str) -> int:
        """Return the number for who answered; the 250th and all after it share one."""
        number = self._server_numbers.get(server)
        if number is None:
            if len(self._servers) >= _MOST_SERVERS:
                server = OTHERS
            number = self._server_numbers.setdefault(server, len(self._servers))
            if number == len(self._servers):
                self._servers.append(server)
        return number

    def stamp(self, at: float) -> int:
        """Return a moment (seconds since 1970) as it is kept."""
        return min(max(1, int((at - self.base) * PART) + 1), _LAST_STAMP)

    def moment(self, stamp: int) -> float:
        """Return what was kept as seconds since 1970; 0 for never."""
        return self.base + (stamp - 1) / PART if stamp else 0.0

    def revise(self, slot: int, revision: int) -> None:
        """Note the revision of what people and lists said of a name."""
        if not self._revision:
            self._revision = max(1, revision - 2**31)
        self.revisions[slot] = max(0, min(revision - self._revision + 1, 2**32 - 1))

    def revision(self, slot: int) -> int:
        """Return it; 0 where there was none."""
        kept = self.revisions[slot]
        return kept + self._revision - 1 if kept else 0

    def unsaved(self, slot: int) -> int:
        """Return how many answers are not stored yet."""
        return self.samples[slot] - self.saved[slot]

    def _label_number(self, label: Label) -> int:
        number = self._numbers.setdefault(label, len(self._labels))
        if number == len(self._labels):
            self._labels.append(label)
        return number

    def _place(self, name_id: int, entry: int) -> None:
        page = self._pages.get(name_id >> _PAGE_BITS)
        if page is None:
            page = self._pages[name_id >> _PAGE_BITS] = array("I", bytes(4 << _PAGE_BITS))
        page[name_id & (1 << _PAGE_BITS) - 1] = entry

    def _grow(self) -> None:
        start = len(self.wires)
        counts = (self.ids, self.ttl, self.samples, self.saved, self.fed, self.judge_at, self.low, self.high)
        for four in (*counts, self.first, self.last, self.began, self.revisions, self.apexes, self.labels):
            four.frombytes(bytes(4 * BLOCK))
        self.due.frombytes(b"\xff" * 4 * BLOCK)
        self.asked.frombytes(bytes(2 * BLOCK))
        self.states.extend(bytes((FREE,)) * BLOCK)
        for one in (self.outcomes, self.bad, self.flags, self.servers):
            one.extend(bytes(BLOCK))
        self.wires.extend([None] * BLOCK)
        self.sets.extend([b""] * BLOCK)
        self._free.extend(range(start + BLOCK - 1, start - 1, -1))
