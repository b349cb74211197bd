"""`[request]`: where a plain GET does not do."""

from __future__ import annotations

from typing import Literal

import msgspec


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[request]`: where a plain GET does not do.

    `method`: GET or POST
    `headers`: further headers; `{credential}` is replaced at each fetch
    `body`: of a POST
    """

    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    body: str = ""
