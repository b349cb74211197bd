"""What the demo's operator configures for tracking is a configuration, and says where the worlds are."""

import tomllib
from pathlib import Path

import trio

from demo import daemon, tracking
from demo.worlds import script, space
from demo.worlds.server import Worlds
from demo.worlds.wire import address_bytes
from tipd.daemon.sections import load
from tipd.modules.fastflux.knowledge.entry import Kind
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.settings import FluxSettings
from tipd.net import asn_rows
from tipd.net.settings import NetSettings


async def configured(folder):
    served = Worlds()
    async with trio.open_nursery() as nursery:
        await nursery.start(served.run)
        net, more = tracking.net(folder, served), tracking.section(folder)
        nursery.cancel_scope.cancel()
    return served, daemon.write_config(folder, 8470, "http://127.0.0.1:1", net=net, more=more)


async def test_the_daemon_takes_the_configuration(tmp_path):
    served, path = await configured(tmp_path)
    loaded = load(path, {})
    net = loaded.section("net", NetSettings)
    assert list(net.resolvers) == served.resolver_addresses()
    assert net.authority_port == served.ports["authority"]
    assert net.walled_gardens == (space.GARDEN,)
    assert loaded.section("modules.fastflux", FluxSettings).enabled


async def test_the_knowledge_is_read_and_lowers_what_only_looks_like_flux(tmp_path):
    _, path = await configured(tmp_path)
    (folder,) = load(path, {}).section("modules.fastflux", FluxSettings).knowledge_dirs
    known = Knowledge.load([Path(folder)])
    assert known.of_name("0.pool-of-time.example").kind is Kind.POOL
    assert known.of_cname("shop.edge-cdn.example").kind is Kind.CDN
    assert {known.of_address(address_bytes(address)).kind for address in space.SINKHOLE} == {Kind.SINKHOLE}
    assert known.of_address(address_bytes(space.PARKING)).kind is Kind.PARKING
    for address in (*space.HOMES_A, *space.HOMES_B, *space.EDGES, *space.CDN):
        assert known.of_address(address_bytes(address)) is None


async def test_keys_may_be_changed(tmp_path):
    section = tracking.section(tmp_path, knowledge_dirs="[]", let_go_after=7)
    keys = tomllib.loads(section)["modules"]["fastflux"]
    assert (keys["knowledge_dirs"], keys["let_go_after"], keys["networks_every"]) == ([], 7, "3s")


async def test_the_table_it_names_can_be_read(tmp_path):
    _, path = await configured(tmp_path)
    form, rows = asn_rows.text_rows(Path(tomllib.loads(path.read_text())["net"]["asn_file"]))
    assert form == "iptoasn"
    assert None not in [row for _, row in rows]


async def test_names_on_no_list_are_added_by_hand_with_their_tags(tmp_path, monkeypatch):
    commands = []

    async def command(_config, *words, given=b""):
        commands.append(words)

    monkeypatch.setattr(daemon, "command", command)
    added = await tracking.add_by_hand(tmp_path)
    assert {*added, *script.LISTED} == {world.name for world in script.WORLDS}
    assert all(words[:2] == ("flux", "add") and "--tag" in words for words in commands)
    assert any(words[2] == "www.alias-flux.example" and {"parcels", "relays"} <= set(words) for words in commands)
