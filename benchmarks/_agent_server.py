"""The agent's listener in a process of its own, over TLS: `_agent_server.py FOLDER`; prints port and token."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import structlog
import trio
from _figure import ROOT  # noqa: F401  (makes tipd and the tests' support importable)

from tipd.agent import certificate, peers
from tipd.agent.chain import Chain
from tipd.agent.listening import Keys, listen
from tipd.agent.server import Server
from tipd.agent.shelf import OneAgent
from tipd.clock import SystemClock


async def main(folder: Path) -> None:
    clock = SystemClock()
    made = certificate.self_signed(["127.0.0.1"], clock.now())
    keys = Keys(folder / "tls.pem", folder / "tls.key")
    keys.certificate.write_bytes(made.certificate)
    keys.key.write_bytes(made.key)
    token = peers.enroll(folder / "peers.json", "bench", peers.Peer(view="redacted"), clock.now())
    chains = {"redacted": Chain(folder / "chain")}
    server = Server(
        OneAgent("mx1", chains), peers.Peers(folder / "peers.json"), clock=clock, log=structlog.get_logger()
    )
    listeners = listen("127.0.0.1:0", keys)
    print(json.dumps({"port": listeners[0].port, "token": token}), flush=True)
    await server.serve(listeners)


trio.run(main, Path(sys.argv[1]))
