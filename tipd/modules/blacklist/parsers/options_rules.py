"""The `[options]` of parsers whose lines are rules: RPZ zones, adblock lists, Snort and Suricata rules."""

from __future__ import annotations

from typing import Literal

from tipd.modules.blacklist.parsers.options import Options

type Trigger = Literal["qname", "ip", "nsdname", "nsip", "client-ip"]
type Side = Literal["source", "destination"]
type Buffer = Literal["dns", "tls", "http"]


class RpzOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`rpz`: a response policy zone as text. Rows that let pass (`rpz-passthru.`, `rpz-tcp-only.`) are no listings.

    `zone`: the zone's name, where no SOA or `$ORIGIN` says it
    `triggers`: which rows are listings: `qname` (names), `ip` (addresses in answers), `nsdname`, `nsip` (name servers
        and their addresses), `client-ip` (who asks)
    """

    comment: str | tuple[str, ...] = (";",)
    zone: str = ""
    triggers: tuple[Trigger, ...] = ("qname", "ip")


class AbpOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`abp`: adblock rules that stand for a whole host (`||bad.example^`) or one address (`|https://bad.example/x|`).

    `modifiers`: what may stand behind `$` in a rule that is read; `"*"` for anything. Rules with others hold only
        sometimes or in some places, and are refused as `unsupported`
    """

    comment: str | tuple[str, ...] = ("!", "[")
    modifiers: tuple[str, ...] = ("all", "document", "doc", "important", "popup", "third-party", "3p")


class SnortOptions(Options, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`snort`: rules of Snort 2 and 3 and of Suricata.

    `addresses`: on which side of a rule addresses are listings; none: `[]`
    `content`: in which buffers a whole name is one: `dns` (queries), `tls` (SNI, certificate subjects), `http` (hosts)
    """

    comment: str | tuple[str, ...] = ("#",)
    addresses: tuple[Side, ...] = ("source", "destination")
    content: tuple[Buffer, ...] = ()
