import pytest
import trio

from tipd.errors import CommitUnknown, StoreAway
from tipd.nursery.attempt import attempt, causes, describe, is_away


async def test_a_value_comes_back() -> None:
    async def fn() -> int:
        return 3

    ended = await attempt(fn)
    assert (ended.value, ended.error) == (3, None)


async def test_an_exception_is_caught_as_it_is() -> None:
    crash = ValueError("no")

    async def fn() -> None:
        raise crash

    seen: list[Exception] = []
    ended = await attempt(fn, seen.append)
    assert ended.error is crash
    assert seen == [crash]


async def test_a_group_is_caught_and_a_lone_one_unwrapped() -> None:
    async def fn() -> None:
        raise ExceptionGroup("outer", [ExceptionGroup("inner", [KeyError("a")])])

    async def two() -> None:
        raise ExceptionGroup("outer", [KeyError("a"), ValueError("b")])

    assert isinstance((await attempt(fn)).error, KeyError)
    assert [type(cause) for cause in causes((await attempt(two)).error or OSError())] == [KeyError, ValueError]


async def test_cancelled_passes_alone() -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await attempt(trio.sleep_forever)
        pytest.fail("Cancelled was swallowed")
    assert scope.cancelled_caught


async def test_cancelled_passes_out_of_a_group_and_the_rest_is_seen() -> None:
    seen: list[Exception] = []

    async def crash_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("while cleaning up")

    async def fn() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash_when_cancelled)
            nursery.start_soon(trio.sleep_forever)

    with trio.CancelScope() as scope:
        scope.cancel()
        await attempt(fn, seen.append)
        pytest.fail("Cancelled was swallowed")
    assert scope.cancelled_caught
    assert [str(error) for error in seen] == ["while cleaning up"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
async def test_what_is_no_exception_passes(kind: type[BaseException]) -> None:
    async def fn() -> None:
        raise BaseExceptionGroup("both", [kind(), ValueError("seen")])

    seen: list[Exception] = []
    with pytest.raises(BaseExceptionGroup) as caught:
        await attempt(fn, seen.append)
    assert [type(cause) for cause in causes(caught.value)] == [kind]
    assert [type(cause) for cause in seen] == [ValueError]


def test_a_description_is_one_short_line() -> None:
    group = ExceptionGroup("g", [ValueError("a\nb  c"), KeyError("k"), OSError(), RuntimeError("4"), RuntimeError("5")])
    assert describe(group) == "ValueError: a b c; KeyError: 'k'; OSError; and 2 more"
    assert len(describe(ValueError("x" * 10_000))) < 400


def test_only_away_is_away() -> None:
    assert is_away(StoreAway())
    assert is_away(ExceptionGroup("g", [StoreAway(), CommitUnknown()]))
    assert not is_away(ExceptionGroup("g", [StoreAway(), ValueError()]))
