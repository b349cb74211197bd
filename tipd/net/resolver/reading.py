"""What a packet says, and the bounds of what is read."""

from __future__ import annotations

import msgspec

from tipd.model.dns import Answer
from tipd.net.resolver.policy import PLAIN, Marks

MOST_RECORDS = 128  # in all sections together, read by dnspython: some 50 µs each
MOST_PLAIN_RECORDS = 1024  # … read record by record: some 2 µs each
LONGEST_CHAIN = 16  # CNAMEs; resolvers give up at about as many


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a packet says. `formerr`: the server did not understand the question, perhaps for its EDNS.

    `unread`: it cannot be read, and says nothing; `answer.why` tells what is wrong. `final`: no other server would say
    anything else.
    """

    answer: Answer
    marks: Marks = PLAIN
    formerr: bool = False
    unread: bool = False
    final: bool = False
