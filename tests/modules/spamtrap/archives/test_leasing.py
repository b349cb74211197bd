"""Leases of archives, with the real store: held while they are read, given back after a crash."""

import structlog
from support.trapping import house_of

from tipd.modules.spamtrap.archives.leasing import LEASE, Leases
from tipd.modules.spamtrap.declaring import declare
from tipd.modules.spamtrap.settings import ArchiveSettings, SpamtrapSettings

SETTINGS = SpamtrapSettings(archives=tuple(ArchiveSettings(name=name, path="/x") for name in ("a", "b")))


async def test_what_a_killed_process_held_is_due_at_once_and_nobody_takes_it_twice(dsn, tmp_path):
    async with house_of(tmp_path, dsn) as house:
        sources = house.store.sources
        await declare(sources, SETTINGS, house.clock.now())
        note = tmp_path / "state" / "lease.json"

        def leases(name=note):
            return Leases(name, house.clock, structlog.get_logger())

        first = leases()
        assert [row.name for row in await first.take(sources, (), ["a"])] == ["a"], "only among those"
        assert [row.name for row in await leases(tmp_path / "other").take(sources, (), ["a", "b"])] == ["b"]
        after = leases()
        await after.give_back(sources, ["a", "b"])
        assert [row.name for row in await after.take(sources, (), ["a", "b"])] == ["a"], "not what another holds"
        (row,) = [row for row in await sources.all() if row.name == "a"]
        assert row.due <= house.clock.now() + LEASE


async def test_a_note_that_cannot_be_read_or_written_is_no_reason_to_stop(dsn, tmp_path):
    async with house_of(tmp_path, dsn) as house:
        await declare(house.store.sources, SETTINGS, house.clock.now())
        (tmp_path / "note").write_text("{")
        leases = Leases(tmp_path / "note" / "below", house.clock, structlog.get_logger())
        await leases.give_back(house.store.sources, ["a"])
        assert len(await leases.take(house.store.sources, (), ["a", "b"])) == 2
        await Leases(tmp_path / "note", house.clock, structlog.get_logger()).give_back(house.store.sources, ["a"])
