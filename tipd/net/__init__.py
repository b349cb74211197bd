"""The only room that opens outgoing connections (but for the database pool, the command line and the browser control).

Read `fetch.py` first: it walks through a fetch from the credential to the last redirect. `guard.py` says which
addresses may be connected to, `transport.py` connects, `exchange.py` speaks HTTP, `sink.py` takes the body in.
"""
