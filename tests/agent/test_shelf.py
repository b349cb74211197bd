"""Which chain a peer reads."""

from pathlib import Path

from tipd.agent.chain import Chain
from tipd.agent.peers import Peer
from tipd.agent.shelf import ManyAgents, OneAgent


def test_a_host_has_its_own_views_at_the_root_and_below_its_name(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    shelf = OneAgent("mx1", {"redacted": chain})
    for prefix in ("", "mx1"):
        served = shelf.find(prefix, Peer(view="redacted"))
        assert (served.agent, served.view, served.chain, served.key) == ("mx1", "redacted", chain, ("mx1", "redacted"))
    assert shelf.find("mx2", Peer(view="redacted")) is None
    assert shelf.find("", Peer(view="full")) is None


def test_who_passes_on_has_each_agent_below_its_name_for_whom_may_read_it(tmp_path: Path) -> None:
    shelf = ManyAgents({("mx1", "redacted"): Chain(tmp_path), ("mx2", "urls"): Chain(tmp_path)})
    assert shelf.find("mx1", Peer(view="redacted")).agent == "mx1"
    assert shelf.find("mx1", Peer(view="redacted", agents=("mx1",))) is not None
    assert shelf.find("mx1", Peer(view="redacted", agents=("mx2",))) is None
    assert shelf.find("mx2", Peer(view="redacted")) is None
    assert shelf.find("", Peer(view="redacted")) is None
