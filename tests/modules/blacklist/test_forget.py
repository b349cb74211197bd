"""A value forgotten: afterwards it stands nowhere, and every number is what it was."""

import gzip
import subprocess

import pytest
import trio
from support.collecting import ADDRESSES, house_of

from tipd.model.canonical import canonical
from tipd.model.tlp import Tlp
from tipd.modules.blacklist import forget as room
from tipd.modules.blacklist.forget import Forgetter
from tipd.store.bodies import FORGOTTEN, Bodies

VALUE = "198.51.100.77"
BESIDE = "198.51.100.177"
LIST = [*ADDRESSES, VALUE, BESIDE, f"http://{VALUE}/a"]


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch):
    monkeypatch.setattr(room, "GRACE", 0.0)


def dumped(pg_server, dsn):
    """Return everything the database holds, as text."""
    done = subprocess.run(
        [pg_server.bin / "pg_dump", "--data-only", "-d", dsn], capture_output=True, check=True, text=True, cwd="/"
    )
    return done.stdout


def lies_in(folder, value):
    """Return the files below a folder that hold the value, unpacked."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            if value.encode() in raw:
                found.append(path)
    bodies = Bodies(folder / "bodies")
    return found + [one.name for one in bodies.all() if value.encode() in b"".join(bodies.pieces(one.name, None))]


async def forget(house, value, *, block=False, below=False, reason="asked for", elsewhere=()):
    bodies = Bodies(house.folder / "state" / "bodies")
    forgetter = Forgetter(house.store, bodies, house.folder / "state", house.workers, house.log, elsewhere=elsewhere)
    async with trio.open_nursery() as nursery:
        await nursery.start(forgetter.run)
        job = await forgetter.forget(canonical(value), by="uid 0", reason=reason, block=block, below=below)
        with trio.fail_after(60):
            while job.state == "running":
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()
    assert job.state == "done", job.why
    return job


async def counts(house):
    async def look(connection):
        return [
            await connection.fetchval(f"SELECT count(*) FROM {table}") for table in ("sighting", "finding", "round")
        ]

    return await house.store.pool.run(look)


async def test_it_stands_nowhere_afterwards(tmp_path, dsn, feeds, pg_server):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", gzip.compress("\n".join(LIST).encode()))
        feeds.put("/two.txt", "\n".join([*ADDRESSES[:20], VALUE]))
        house.declare("one", feeds.base)
        house.declare("two", feeds.base)
        await house.collect()
        feeds.put("/two.txt", "\n".join(ADDRESSES))
        await house.collect()
        await house.store.audit.note("uid 0", "allow.added", VALUE, f"see {VALUE}, not {BESIDE}")
        aside = tmp_path / "state" / "set_aside"
        aside.mkdir()
        (aside / "one.body").write_text(f"x {VALUE} y")
        (aside / "two.body").write_text("another one")
        before = await counts(house)
        job = await forget(house, VALUE, below=True, block=True, reason=f"a person asked about {VALUE}")
        assert (job.values, job.closed, job.bodies) == (2, 2, 3)
        assert job.sightings == 3
        dump = dumped(pg_server, dsn)
        assert VALUE not in dump
        assert BESIDE in dump
        assert lies_in(tmp_path / "state", VALUE) == []
        assert (aside / "two.body").exists()
        after = await counts(house)
        assert after[0] == before[0]
        assert after[1] == before[1] + 2 + 1  # delisted twice, forgotten once
        (act, _) = await house.store.audit.read()
        assert (act.action, act.by, act.reason) == ("indicator.forgotten", "uid 0", "a person asked about (forgotten)")
        assert act.subject == f"key {job.key}"
        (told,) = await house.findings("indicator.forgotten")
        assert len(told.data["keys"]) == 2
        assert job.key in told.data["keys"]


async def test_other_modules_files_are_reached_and_counted(tmp_path, dsn):
    asked = []

    class Files:
        async def without(self, text, keys):
            asked.append((text, list(keys)))
            return 2

    async with house_of(tmp_path, dsn) as house:
        job = await forget(house, VALUE, elsewhere=(Files(),))
        assert job.bodies == 2
        (target,) = await house.store.forgetting.targets(canonical(VALUE))
        assert asked == [(VALUE, [target.key])]


async def test_the_findings_keep_their_numbers_and_lose_the_value(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(LIST[:-1]))
        house.declare("one", feeds.base)
        await house.collect()
        before = await house.store.findings.read(0, limit=1000)
        seqs = [one.seq for one in before if one.subject and one.subject.value == VALUE]
        await forget(house, VALUE)
        after = await house.store.findings.read(0, limit=1000)
        assert [one.seq for one in after][: len(before)] == [one.seq for one in before]
        blank = [one for one in after if one.seq in seqs]
        assert [(one.kind, one.subject.value, one.data) for one in blank] == [
            ("indicator.listed", "", {"forgotten": True})
        ]
        (told,) = await house.findings("indicator.forgotten")
        assert set(seqs) < set(told.data["seqs"])
        gone = [one for one in after if one.kind == "indicator.delisted"]
        assert [(one.subject.value, one.seq in told.data["seqs"]) for one in gone] == [("", True)]


@pytest.mark.parametrize("block", [True, False])
async def test_only_a_blocked_value_stays_away(tmp_path, dsn, feeds, block):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(LIST))
        house.declare("one", feeds.base)
        await house.collect()
        await forget(house, VALUE, block=block)
        report = (await house.collect())["one"]
        assert report.listed == (0 if block else 1)
        (answer,) = await house.store.past.at([(VALUE, house.clock.now())], max_tlp=Tlp.RED)
        assert answer.sources == ([] if block else ["one"])


@pytest.mark.parametrize("block", [True, False])
async def test_a_refused_body_that_names_what_is_blocked_is_not_set_aside(tmp_path, dsn, feeds, block):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join([*ADDRESSES, "198[.]51[.]100[.]77"]))
        house.declare("one", feeds.base)
        await house.collect()
        await forget(house, VALUE, block=block)
        feeds.put("/one.txt", "\n".join([ADDRESSES[0], "198[.]51[.]100[.]77"]))
        assert (await house.collect())["one"].status == "shrunk"
        row = await house.store.sources.get("one")
        assert (row.set_aside["path"] is None) == block
        assert (tmp_path / "state" / "set_aside" / "one.body").exists() != block


SPELLED = ["198[.]51[.]100[.]77", "hxxp://evil.example.org:80/a", "2001:0DB8:7:0:0::1", "BÜCHER.example"]
MEANT = [VALUE, "http://evil.example.org/a", "2001:db8:7::1", "xn--bcher-kva.example"]


@pytest.mark.parametrize(("spelled", "value"), list(zip(SPELLED, MEANT, strict=True)))
async def test_bodies_go_however_they_spell_it(tmp_path, dsn, feeds, spelled, value):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", feeds.base)
        feeds.put("/one.txt", "\n".join(ADDRESSES))
        await house.collect()
        for body in ([*ADDRESSES, spelled], [*ADDRESSES[1:], spelled], ADDRESSES):
            feeds.put("/one.txt", "\n".join(body))
            await house.collect()
        row = await house.store.sources.get("one")
        assert (await forget(house, value)).bodies == 2
        rounds = [one for one in reversed(await house.store.proofs.page(row.id)) if one.why == "poll"]
        assert [one.body == FORGOTTEN for one in rounds] == [False, True, True, False]


@pytest.mark.parametrize("block", [True, False])
async def test_a_body_that_names_what_is_blocked_is_not_kept(tmp_path, dsn, feeds, block):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join([*ADDRESSES, SPELLED[0]]))
        house.declare("one", feeds.base)
        await house.collect()
        await forget(house, VALUE, block=block)
        for body in ([*ADDRESSES[1:], SPELLED[0]], ADDRESSES):
            feeds.put("/one.txt", "\n".join(body))
            await house.collect()
        row = await house.store.sources.get("one")
        left, still, *_ = [one.body for one in await house.store.proofs.page(row.id) if one.why == "poll"]
        assert (still == FORGOTTEN) == block
        assert left == f"{row.id}/{left.split('/')[1]}"


@pytest.mark.parametrize("step", ["withdraw", "blank", "tell"])
async def test_what_was_cut_off_goes_on_with_the_next_start(tmp_path, dsn, feeds, pg_server, monkeypatch, step):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(LIST))
        house.declare("one", feeds.base)
        await house.collect()
        begun = trio.Event()

        async def hangs(*_args):
            begun.set()
            await trio.sleep_forever()

        state = house.folder / "state"
        parts = (house.store, Bodies(state / "bodies"), state, house.workers, house.log)
        async with trio.open_nursery() as nursery:
            forgetter = Forgetter(*parts)
            await nursery.start(forgetter.run)
            with monkeypatch.context() as patch:
                patch.setattr(house.store.forgetting, step, hangs)
                first = await forgetter.forget(canonical(VALUE), by="me", reason=f"of {VALUE}", block=True, below=True)
                await begun.wait()
                nursery.cancel_scope.cancel()
        async with trio.open_nursery() as nursery:
            forgetter = Forgetter(*parts)
            await nursery.start(forgetter.run)
            with trio.fail_after(60):
                while (job := forgetter.job(first.id)) is None or job.state == "running":
                    await trio.sleep(0.02)
                while list((state / "forgetting").iterdir()):
                    await trio.sleep(0.02)
            nursery.cancel_scope.cancel()
        assert (job.state, job.key) == ("done", first.key)
        assert VALUE not in dumped(pg_server, dsn)
        assert lies_in(state, VALUE) == []
        (act,) = await house.store.audit.read()
        assert (act.by, act.reason) == ("me", "of (forgotten)")


async def test_a_network_is_forgotten_too(tmp_path, dsn, feeds, pg_server):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join([*ADDRESSES, "198.51.100.0/24", "2001:db8:7::/48"]))
        house.declare("one", feeds.base)
        await house.collect()
        now = house.clock.now()
        (answer,) = await house.store.past.at([("2001:db8:7::1", now)], max_tlp=Tlp.RED)
        assert answer.sources == ["one"]
        await forget(house, "2001:db8:7::/48", block=True)
        assert "2001:db8:7" not in dumped(pg_server, dsn)
        asked = [("2001:db8:7::1", now), ("198.51.100.9", now), ("2001:db8:9::", now)]
        answers = await house.store.past.at(asked, max_tlp=Tlp.RED)
        assert [answer.sources for answer in answers] == [[], ["one"], []]


async def test_a_name_goes_with_what_stands_on_it(tmp_path, dsn, feeds, pg_server):
    names = ["evil.example.org", "a.evil.example.org", "http://b.evil.example.org/x", "me@evil.example.org"]
    others = ["notevil.example.org", "evil.example.org.example.com", "http://example.net/evil.example.org"]
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join([*ADDRESSES, *names, *others]))
        house.declare("one", feeds.base)
        await house.collect()
        job = await forget(house, "evil.example.org", below=True, block=True)
        assert job.values == 4
        row = await house.store.sources.get("one")
        assert row.entries == len(ADDRESSES) + len(others)
        for value in others:
            (answer,) = await house.store.past.at([(value, house.clock.now())], max_tlp=Tlp.RED)
            assert answer.sources == ["one"]


async def test_the_round_keeps_the_hash_of_a_body_that_is_gone(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(LIST))
        house.declare("one", feeds.base)
        await house.collect()
        row = await house.store.sources.get("one")
        (before,) = await house.store.proofs.page(row.id)
        await forget(house, VALUE)
        *_, after = await house.store.proofs.page(row.id)
        assert (after.body, after.body_sha256) == (FORGOTTEN, before.body_sha256)


async def test_forgetting_twice_or_what_was_never_there_does_no_harm(tmp_path, dsn, feeds):
    async with house_of(tmp_path, dsn) as house:
        feeds.put("/one.txt", "\n".join(LIST))
        house.declare("one", feeds.base)
        await house.collect()
        await forget(house, VALUE, block=True)
        before = await counts(house)
        job = await forget(house, VALUE, block=True)
        assert (job.sightings, job.findings, job.mentions, job.bodies) == (0, 0, 0, 0)
        job = await forget(house, "203.0.113.203")
        assert (job.closed, job.sightings) == (0, 0)
        after = await counts(house)
        assert after == [before[0], before[1] + 2, before[2]]
