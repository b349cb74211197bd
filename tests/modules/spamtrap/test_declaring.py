"""Archives and agents as sources, with the real store."""

from support.trapping import house_of

from tipd.model.tlp import Tlp
from tipd.modules.spamtrap.declaring import Heard, declare
from tipd.modules.spamtrap.settings import AgentSource, ArchiveSettings, SpamtrapSettings

SETTINGS = SpamtrapSettings(
    archives=(ArchiveSettings(name="a", path="/a", tlp="green", licence="free", redistribute=True),),
    agents=(AgentSource(name="mx1", url="https://mx1.example", tlp="amber"), AgentSource(name="mx2", path="/c")),
)


async def test_marks_of_agents_follow_what_their_manifests_bear(dsn, tmp_path):
    async with house_of(tmp_path, dsn) as house:
        sources, now = house.store.sources, house.clock.now()
        rows = {row.name: row for row in await declare(sources, SETTINGS, now)}
        assert {row.class_ for row in rows.values()} == {"spam"}
        assert (rows["a"].tlp, rows["a"].licence, rows["a"].redistribute) == (Tlp.GREEN, "free", True)
        assert rows["mx1"].tlp is rows["mx2"].tlp is Tlp.RED, "before its first word nobody knows who may see it"
        heard = {"mx1": Heard(Tlp.GREEN), "mx2": Heard(Tlp.AMBER_STRICT)}
        rows = {row.name: row for row in await declare(sources, SETTINGS, now, heard)}
        assert (rows["mx1"].tlp, rows["mx2"].tlp) == (Tlp.AMBER, Tlp.AMBER_STRICT)
        rows = {row.name: row for row in await declare(sources, SETTINGS, now)}
        assert (rows["mx1"].tlp, rows["mx2"].tlp) == (Tlp.AMBER, Tlp.AMBER_STRICT), "it stays over a restart"


async def test_nothing_is_written_where_nothing_changed(dsn, tmp_path):
    async with house_of(tmp_path, dsn) as house:
        sources, now = house.store.sources, house.clock.now()
        await declare(sources, SETTINGS, now, {"mx1": Heard(Tlp.AMBER), "mx2": Heard(Tlp.CLEAR)})
        batches = house.store.writer.batches
        await declare(sources, SETTINGS, now)
        assert house.store.writer.batches == batches
        off = SpamtrapSettings(enabled=False, archives=SETTINGS.archives, agents=SETTINGS.agents)
        rows = await declare(sources, off, now)
        assert {(row.name, row.declared, row.state) for row in rows} == {(n, False, "off") for n in ("a", "mx1", "mx2")}
        batches = house.store.writer.batches
        await declare(sources, off, now)
        assert house.store.writer.batches == batches
