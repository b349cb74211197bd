"""Every parser by its name in a declaration: its options' type, its class, and the version of its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tipd.modules.blacklist.parsers import (
    abp,
    delimited,
    hosts,
    html_page,
    json_records,
    lines,
    misp,
    p2p,
    regex,
    rpz,
    rss,
    snort,
    stix,
)
from tipd.modules.blacklist.parsers.options import (
    DelimitedOptions,
    HostsOptions,
    JsonOptions,
    LinesOptions,
    P2pOptions,
    RegexOptions,
)
from tipd.modules.blacklist.parsers.options_rules import AbpOptions, RpzOptions, SnortOptions
from tipd.modules.blacklist.parsers.options_structured import HtmlOptions, MispOptions, RssOptions, StixOptions

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.rows import Parser


class Format(NamedTuple):
    """One parser: `build(source, options)` raises ValueError where the declaration does not fit it."""

    options: type[Any]
    build: Any
    version: int


FORMATS: dict[str, Format] = {
    "abp": Format(AbpOptions, abp.Abp, abp.VERSION),
    "delimited": Format(DelimitedOptions, delimited.Delimited, delimited.VERSION),
    "hosts": Format(HostsOptions, hosts.Hosts, hosts.VERSION),
    "html": Format(HtmlOptions, html_page.Html, html_page.VERSION),
    "json": Format(JsonOptions, json_records.Json, json_records.VERSION),
    "jsonl": Format(JsonOptions, json_records.JsonLines, json_records.VERSION),
    "lines": Format(LinesOptions, lines.Lines, lines.VERSION),
    "misp": Format(MispOptions, misp.Misp, misp.VERSION),
    "p2p": Format(P2pOptions, p2p.P2p, p2p.VERSION),
    "regex": Format(RegexOptions, regex.Regex, regex.VERSION),
    "rpz": Format(RpzOptions, rpz.Rpz, rpz.VERSION),
    "rss": Format(RssOptions, rss.Rss, rss.VERSION),
    "snort": Format(SnortOptions, snort.Snort, snort.VERSION),
    "stix": Format(StixOptions, stix.Stix, stix.VERSION),
}


def build(source: Source) -> Parser:
    """Return a fresh parser for one body of the source; raises ValueError (the loader has tried it before)."""
    chosen = FORMATS[source.parser]
    parser: Parser = chosen.build(source, source.parser_options())
    return parser
