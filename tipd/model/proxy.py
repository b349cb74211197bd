"""The address of an HTTP proxy, as it is written in the configuration and in declarations."""

from __future__ import annotations

import ada_url


def proxy_address(text: str) -> tuple[str, int]:
    """Return (host, port) of an HTTP proxy's URL; ValueError says what is wrong, never with a password in it."""
    try:
        url = ada_url.URL(text)
    except ValueError:
        raise ValueError('proxy: not a URL (write "http://host:port")') from None
    if url.username or url.password:
        raise ValueError("proxy: carries a user name or a password, which tipd does not send")
    if url.protocol != "http:" or url.pathname != "/" or url.search:
        raise ValueError('proxy: only plain HTTP proxies are spoken to (write "http://host:port")')
    return url.hostname.strip("[]"), int(url.port or 80)
