"""`/metrics` of the agent, in the text format of Prometheus: counts alone, nothing of any mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tipd.agent.counts import Counts
    from tipd.agent.loop import Agent
    from tipd.agent.peers import Peers
    from tipd.agent.server import Server
    from tipd.agent.shelf import Readable

_PREFIX = "tipd_agent_"
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Figure(NamedTuple):
    """One sample; those that end in `_total` only grow. `name` without the prefix, `labels` in their order."""

    name: str
    about: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def text(figures: Iterable[Figure]) -> bytes:
    """Return the page; figures of one name stand together, under the help of the first."""
    groups: dict[str, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.name, []).append(figure)
    return "".join(line for name, group in groups.items() for line in _group(name, group)).encode()


def _group(name: str, figures: list[Figure]) -> Iterator[str]:
    kind = "counter" if name.endswith("_total") else "gauge"
    yield f"# HELP {_PREFIX}{name} {figures[0].about}\n# TYPE {_PREFIX}{name} {kind}\n"
    for figure in figures:
        labels = ",".join(f'{key}="{value.translate(_ESCAPES)}"' for key, value in figure.labels)
        yield f"{_PREFIX}{name}{f'{{{labels}}}' if labels else ''} {figure.value:.15g}\n"


def of_server(server: Server) -> Iterator[Figure]:
    """Yield what the listener counted."""
    counts: Counts = server.counts
    yield Figure("connections_total", "connections accepted", counts.accepted)
    yield Figure("connections_dropped_total", "silent connections dropped to make room", counts.dropped)
    yield Figure("connections_turned_away_total", "connections for which there was no room", counts.turned_away)
    yield Figure("connections_cut_total", "connections of revoked peers cut", counts.cut)
    yield Figure("requests_total", "requests", counts.requests)
    yield Figure("sent_bytes_total", "bytes of answers", counts.bytes_sent)
    for status, number in sorted(counts.refused.items()):
        yield Figure("refused_total", "requests refused, by status", number, (("status", str(status)),))
    for name, number in sorted(server.readers().items()):
        yield Figure("peer_connections", "open connections of a peer", number, (("peer", name),))


def of_chains(chains: Mapping[str, Readable]) -> Iterator[Figure]:
    """Yield how far each view is sealed."""
    for view, chain in sorted(chains.items()):
        labels = (("view", view),)
        yield Figure("version_last", "the last sealed version", chain.last, labels)
        yield Figure("version_first", "the first version whose lines are kept", chain.first, labels)


def of_peers(peers: Peers, chains: Mapping[str, Readable]) -> Iterator[Figure]:
    """Yield how far each peer has come."""
    for name, peer in sorted(peers.all().items()):
        if peer.revoked:
            continue
        taken, labels = peers.taken(name), (("peer", name), ("view", peer.view))
        yield Figure("peer_has", "the last version a peer says it has", taken.has, labels)
        yield Figure("peer_taken", "the last version that was sent whole to a peer", taken.n, labels)
        yield Figure("peer_sent_bytes_total", "bytes of versions sent to a peer", taken.bytes, labels)
        if (chain := chains.get(peer.view)) is not None:
            yield Figure("peer_behind", "sealed versions a peer does not have", max(0, chain.last - taken.has), labels)


def of_loop(agent: Agent) -> Iterator[Figure]:
    """Yield how reading and sealing fare."""
    yield Figure("folders", "folders that are looked at", len(agent.folders))
    yield Figure("behind", "1 while older mails wait to be read", agent.behind)
    yield Figure("paused", "1 while reading pauses because others keep the host busy", agent.budget.paused)
    yield Figure("troubles", "what keeps a part from working, or a maildir from being read", len(agent.trouble))
    if agent.taking is None:
        return
    counts = agent.taking.counts
    for state in ("read", "gone", "refused", "failed"):
        yield Figure("mails_total", "mails by what became of them", counts[state], (("state", state),))
    yield Figure("mails_new_total", "mails that were not known before", counts["new"])
    for why, number in sorted(agent.taking.refused.items()):
        yield Figure("mails_refused_total", "what stood among the mails and is none", number, (("why", why),))
    yield Figure("readers_killed", "mails that cost a reading process its life", agent.taking.killed)
