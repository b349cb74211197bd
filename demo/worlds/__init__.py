"""The miniature Internet's DNS: worlds that flux and worlds that only look so, resolvers and authoritative servers.

`script.py` says what there is, `server.py` serves it on loopback, `space.py` says who announces the addresses.
"""
