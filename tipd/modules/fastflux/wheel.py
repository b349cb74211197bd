"""A timer wheel over slots: when each is due, in ticks; every operation takes the same time however many there are.

A hashed wheel whose buckets are gone through once a turn (G. Varghese, T. Lauck: Hashed and Hierarchical Timing Wheels,
SOSP 1987, scheme 6): what is due in a later turn stays in its bucket. A bucket holds four bytes a slot. Moving a slot
leaves its old place behind; whoever comes by sees that the slot's due time belongs elsewhere, and drops the place.
"""

from __future__ import annotations

from array import array

NEVER = 2**32 - 1  # the due tick of a slot that is not in the wheel
TURN = 2**15  # buckets; with ticks of 20 ms a turn takes eleven minutes


class Wheel:
    """Slots by due tick. `due` belongs to the slots' owner, who makes it longer as slots come; NEVER where not due.

    `cursor`: the tick whose bucket is being emptied; all before it are empty.
    """

    def __init__(self, due: array[int], cursor: int = 0, turn: int = TURN) -> None:
        """`turn`: how many buckets, a power of two; raises ValueError where it is none."""
        if turn < 1 or turn & (turn - 1):
            raise ValueError(f"a turn must be a power of two, not {turn}")
        self.cursor = cursor
        self.places = 0  # in all buckets, those left behind included
        self._due = due
        self._mask = turn - 1
        self._buckets: list[array[int] | None] = [None] * turn
        self._staying: array[int] | None = None  # of the bucket being emptied: due in a later turn

    def put(self, slot: int, tick: int) -> None:
        """Make a slot due at a tick, wherever it was before; a tick that is past is due at once."""
        self._due[slot] = tick
        at = (tick if tick > self.cursor else self.cursor) & self._mask
        bucket = self._buckets[at]
        if bucket is None:
            self._buckets[at] = array("I", (slot,))
        else:
            bucket.append(slot)
        self.places += 1

    def cancel(self, slot: int) -> None:
        """Take a slot out."""
        self._due[slot] = NEVER

    def take(self, now: int, most: int) -> tuple[int, list[int]]:
        """Return the tick and the slots, at most `most`, of the earliest tick up to `now` that has any due.

        They leave the wheel. No slots: none are due, or there was so much to pass over that there is more to do (then
        `cursor` is not beyond `now` yet): a call does bounded work, some thousand steps beyond `most`.
        """
        looks = most + 4096
        buckets, mask = self._buckets, self._mask
        while self.cursor <= now and looks > 0:
            bucket = buckets[self.cursor & mask]
            if bucket:
                taken, looked = self._empty(bucket, most, looks)
                looks -= looked
                if taken:
                    return self.cursor, taken
                if bucket:  # nothing due in it so far, and no more looks left
                    break
            self._leave()
            self.cursor += 1
            looks -= 1
        return self.cursor, []

    def next(self, most: int) -> int:
        """Return a tick before which nothing is due, looking ahead `most` ticks at most, and no more than a turn."""
        buckets, mask = self._buckets, self._mask
        most = min(most, mask + 1)
        for tick in range(self.cursor, self.cursor + most):
            if buckets[tick & mask]:
                return tick
        return self.cursor + most

    def _empty(self, bucket: array[int], most: int, looks: int) -> tuple[list[int], int]:
        """Go through a bucket until `most` are found or `looks` are made; return what is due, and the looks."""
        due, cursor, mask = self._due, self.cursor, self._mask
        at = cursor & mask
        taken: list[int] = []
        looked = 0
        while bucket and len(taken) < most and looked < looks:
            slot = bucket.pop()
            looked += 1
            tick = due[slot]
            if tick <= cursor:
                due[slot] = NEVER
                taken.append(slot)
            elif tick & mask == at and tick != NEVER:
                if self._staying is None:
                    self._staying = array("I")
                self._staying.append(slot)
        self.places -= looked
        return taken, looked

    def _leave(self) -> None:
        """Put back what stays in the bucket that the cursor leaves, which is empty."""
        if self._staying is not None:
            at = self.cursor & self._mask
            self.places += len(self._staying)
            self._buckets[at] = self._staying
            self._staying = None
        else:
            self._buckets[self.cursor & self._mask] = None
