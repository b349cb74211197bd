"""A question on its way, and the plan by which it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.errors import TipdError
from tipd.model.dns import Answer

if TYPE_CHECKING:
    from tipd.net.resolver.sockets import Socket
    from tipd.net.resolver.upstream import Upstream

type Done = Callable[[Any, Answer], None]
type DoneWhole = Callable[[Any, Answer, bytes], None]

TRIES = 3
DEADLINE = 10.0  # seconds for all tries together
NEVER = float("inf")


class Full(TipdError):
    """The resolver takes no more questions now; wait for room."""


class Plan(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How questions are asked: whom, and how long. `seconds`: for all tries together.

    `whole`: `done` is handed the packet as well (empty where there is none), and neither referrals nor policies are
    judged: who walks from the root down reads them himself.
    """

    upstreams: tuple[Upstream, ...]
    recursion: bool = True
    seconds: float = DEADLINE
    tries: int = TRIES
    whole: bool = False


class Pending(msgspec.Struct, gc=False):
    """A question that waits for its answer: `socket.flight[id]` leads to it.

    `question`: the section as it was sent, its case included; an answer must repeat it to the bit. `due`: when the try
    is lost (NEVER: the question has ended, or goes over TCP). `counted`: the present try is among its upstream's
    questions in flight. `common`: an answer of the common kind ends it as it stands. `older`: former tries, whose
    answers are welcome as long as the question lives. `trouble`: the answer it ends with if nothing better comes. Not
    seen by the garbage collector, so it must be in no circle.
    """

    name: bytes
    rtype: int
    token: Any
    done: Any  # Done, or DoneWhole where the plan is to see the whole packet
    plan: Plan
    deadline: float
    question: bytes = b""
    socket: Socket | None = None
    id: bytes = b""
    due: float = 0.0
    sent: float = 0.0
    tries: int = 0
    counted: bool = False
    common: bool = False
    turn: int = 0  # the upstream asked last, by its place in the plan
    plain: bool = False  # without EDNS
    softened: bool = False  # a server did not repeat the case: the next try goes over TCP
    ended: bool = False
    older: list[tuple[Socket, bytes, bytes]] | None = None
    trouble: Answer | None = None
