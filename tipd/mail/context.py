"""What a host knows of a mail besides its bytes: how it came, and whose word about it is taken."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.mail.record import Trap

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Context:
    """The same for all mails of a maildir or an archive, but for the moment.

    `received_at`: when the mail came, None where only its own fields tell. `own`: the operator's networks and relays,
    inside the trust boundary. `authserv_id`: under which name the host writes its `Authentication-Results`, empty for
    none. `trap`: what kind of trap it lay in. `recipients`: addresses known without the mail (the maildir's owner).
    """

    received_at: datetime | None = None
    own: Sequence[Network] = ()
    authserv_id: str = ""
    trap: Trap = ""
    recipients: Sequence[str] = ()
