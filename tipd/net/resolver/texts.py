"""Records as canonical text: names in lower case and without the last dot, as everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype

from tipd.model.dns import text_name

if TYPE_CHECKING:
    import dns.name
    import dns.rdata

_ONE_NAME = frozenset({dns.rdatatype.NS, dns.rdatatype.CNAME, dns.rdatatype.PTR, dns.rdatatype.DNAME})


def record_text(rdata: dns.rdata.Rdata) -> str:
    """Return the data as text: of NS, CNAME, PTR and DNAME the name, of MX and SOA their fields, else as in a zone."""
    fields = rdata.__class__.__slots__
    if rdata.rdtype in _ONE_NAME:
        return _name(getattr(rdata, fields[0]))
    if rdata.rdtype in (dns.rdatatype.MX, dns.rdatatype.SOA):
        return " ".join(_field(getattr(rdata, field)) for field in fields)
    return rdata.to_text()


def _field(value: object) -> str:
    return str(value) if isinstance(value, int) else _name(value)


def _name(name: object) -> str:
    return text_name(name.to_wire())  # type: ignore[attr-defined]
