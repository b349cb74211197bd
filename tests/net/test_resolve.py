"""Names to addresses by the system, and which resolver is used."""

import random

import pytest

from tipd.net.resolve import ResolveError, SystemResolver, literal, make_resolver
from tipd.net.settings import NetSettings
from tipd.net.stub import StubResolver


async def test_system_resolver() -> None:
    assert "127.0.0.1" in await SystemResolver().resolve("127.0.0.1")
    with pytest.raises(ResolveError, match=r"^nowhere\.invalid: "):
        await SystemResolver().resolve("nowhere.invalid")
    with pytest.raises(ResolveError):
        await SystemResolver().resolve("x" * 300)


def test_choice_and_literals() -> None:
    assert isinstance(make_resolver(NetSettings(), random.Random(1)), SystemResolver)
    chosen = make_resolver(NetSettings(resolvers=("127.0.0.1:53",)), random.Random(1))
    assert isinstance(chosen, StubResolver)
    assert literal("2001:DB8:0::1") == "2001:db8::1" and literal("example.org") is None
