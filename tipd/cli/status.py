"""`tipd status`: what the daemon does now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.cli.client import Client
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse

_BAD = frozenset({"failed", "backoff", "away"})
_SHOWN = ("module", "state", "children", "facts", "last_beat")


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Describe the verb."""
    subparsers.add_parser("status", help="show what the daemon does")


def run(args: argparse.Namespace) -> int:
    """Print the daemon's own account of itself."""
    status = Client.of(args).get("/api/v1/status")
    output = Output.of(args)
    if output.as_json:
        output.record(status)
        return EXIT_DONE
    output.line(f"tipd {status.get('version', '')} at {status.get('now', '')}")
    for part in ("store", "index", "stream", "loop", "sizes"):
        facts = status.get(part)
        if isinstance(facts, dict) and facts:
            output.line(f"{part:<8} {_facts(facts)}")
    nursery = status.get("nursery") or {}
    _nodes(output, nursery.get("modules") or [], 0)
    for channel in nursery.get("channels") or []:
        output.line(f"channel {printable(str(channel.get('name', '')))} {_facts(channel, but=('name',))}")
    return EXIT_DONE


def _nodes(output: Output, nodes: list[dict[str, Any]], depth: int) -> None:
    """Print the nodes of the tree, each below its parent."""
    for node in nodes:
        state = str((node.get("facts") or {}).get("state") or node.get("state", ""))  # a module may have a better word
        shown = output.coloured(f"{state:<9}", "red" if state in _BAD else "green")
        name = printable(str(node.get("module", ""))).rpartition("/")[2]
        facts = _facts({**node, **(node.get("facts") or {})}, but=_SHOWN)
        output.line(f"{'  ' * depth + name:<24} {shown} {facts}".rstrip())
        _nodes(output, node.get("children") or [], depth + 1)


def _facts(facts: dict[str, Any], but: tuple[str, ...] = ()) -> str:
    """Return what is set as `key=value`."""
    given = {key: value for key, value in facts.items() if value not in (None, "", {}, []) and key not in but}
    return printable(" ".join(f"{key}={value if key == 'pid' else _short(value)}" for key, value in given.items()))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + " ".join(f"{key}={_short(inner)}" for key, inner in value.items()) + "}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
