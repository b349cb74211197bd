"""`tipd flux show`: all that is known of one name, now or as of a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tipd.cli.client import Client
from tipd.cli.flux_add import PATH
from tipd.cli.moment import moment, short
from tipd.cli.output import Output, printable
from tipd.errors import EXIT_DONE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_SHOWN = 50  # records of one type


def run(args: argparse.Namespace) -> int:
    """Print the name."""
    client, output = Client.of(args), Output.of(args)
    query = {"at": moment(args.at).isoformat()} if args.at else None
    told = client.get(f"{PATH}/{quote(args.name, safe='')}", query)
    if output.as_json:
        output.record(told)
        return EXIT_DONE
    for line in _lines(told):
        output.line(printable(line))
    return EXIT_DONE


def _lines(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['domain']}: {told['state']} since {short(told['since'])} (UTC): {told['reason']}"
    yield f"registrable domain {told['apex']}, tlp {told['tlp']}, under watch since {short(told['added'])}"
    asked = f", last {short(told['last_sample'])}" if told["last_sample"] else ""
    yield f"{told['samples']:,} look-ups{asked}, TTL {told['ttl']} s"
    yield from (f"tags {' '.join(told['tags'])}",) if told["tags"] else ()
    yield from (f"note {told['note']}",) if told["note"] else ()
    yield from (f"found by way of {' > '.join(told['path'])}",) if told["path"] else ()
    for one in told["origins"]:
        of = " ".join(part for part in (one["why"], one["source"], one["class"], one["by"]) if part)
        yield f"because of {of}, {short(one['first'])}"
    yield _holz(told["holz"])
    yield f"verdict {told['verdict']['tier']}"
    yield from (f"  {_reason(reason)}" for reason in told["verdict"]["reasons"])
    yield from (f"{name} {_number(value)}" for name, value in told["features"].items())
    for rrset in told["rrsets"]:
        yield from _records(rrset)
    for network in told["networks"]:
        yield f"network {network['network']}: {network['size']:,} names, such as {' '.join(network['names'][:10])}"


def _holz(holz: dict[str, Any]) -> str:
    if holz["score"] is None:
        return "Holz score: not taken yet (it needs two look-ups and an AS table)"
    word = "over" if holz["flux"] else "not over"
    return f"Holz score {holz['score']:.2f}, {word} {holz['bound']}: {holz['n_a']} addresses, {holz['n_asn']} ASNs"


def _reason(reason: Any) -> str:
    return str(reason.get("text") or reason.get("code")) if isinstance(reason, dict) else str(reason)


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _records(rrset: dict[str, Any]) -> Iterator[str]:
    records = rrset["records"]
    now = sum(one["current"] for one in records)
    yield f"{rrset['type']}: {len(records):,} seen, {now} of them in the last answer"
    for one in records[:_SHOWN]:
        asn = f"AS{one['asn']}" if one["asn"] else ""
        span = f"{short(one['first'])} to {short(one['last'])}"
        yield f"  {one['data']:<40} {asn:<12} {span} {one['count']:>8,} times".rstrip()
    if len(records) > _SHOWN:
        yield f"  and {len(records) - _SHOWN:,} more (--json has them all)"
