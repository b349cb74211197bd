"""The agent's `/metrics`: as Prometheus reads it."""

import re
from pathlib import Path

from support.agent_host import serving

from tipd.agent import metrics
from tipd.agent.metrics import Figure
from tipd.agent.peers import Peers


def test_figures_of_a_name_stand_together_under_one_help() -> None:
    page = metrics.text(
        [
            Figure("mails_total", "mails read", 5_000_000_000),
            Figure("queue", "mails that wait", 0.5, (("folder", 'a"b\\c\n'),)),
            Figure("mails_total", "mails read", 1, (("class", "bounce"),)),
        ]
    )
    assert page.decode().splitlines() == [
        "# HELP tipd_agent_mails_total mails read",
        "# TYPE tipd_agent_mails_total counter",
        "tipd_agent_mails_total 5000000000",
        'tipd_agent_mails_total{class="bounce"} 1',
        "# HELP tipd_agent_queue mails that wait",
        "# TYPE tipd_agent_queue gauge",
        r'tipd_agent_queue{folder="a\"b\\c\n"} 0.5',
    ]


async def test_listener_chains_and_peers_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path, 3) as host:
        await host.ask("/v1/versions?since=2")
        await host.ask("/v1/versions/3")
        await host.ask("/v1/versions/9")
        peers = Peers(host.peers_path)
        host.revoke("lab")
        host.enroll("other", "redacted")
        host.server.save_taken()
        told = [*metrics.of_server(host.server), *metrics.of_chains(host.chains)]
        taken = Peers(host.peers_path)
        page = metrics.text([*told, *metrics.of_peers(taken, host.chains)]).decode()
        assert peers.all().keys() == {"lab"}
    figures = dict(re.findall(r"^tipd_agent_(\S+) (\S+)$", page, re.MULTILINE))
    assert figures["requests_total"] == "3"
    assert figures['refused_total{status="404"}'] == "1"
    assert figures['version_last{view="redacted"}'] == "3"
    assert figures['peer_behind{peer="other",view="redacted"}'] == "3"
    assert not [name for name in figures if "lab" in name and "connections" not in name]
