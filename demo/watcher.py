"""A subscriber of the stream that hangs up now and then, resumes from its cursor, and minds that nothing is skipped."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

import trio
import trio_websocket

CUT_AFTER = 8.0  # seconds; then we hang up by ourselves and come back


@dataclass
class Tally:
    """What the stream told us."""

    echo: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    last: int = 0
    resumed: int = 0
    disorder: int = 0
    findings: int = 0

    def take(self, finding: dict[str, object]) -> None:
        """Count one finding."""
        seq = int(str(finding["seq"]))
        self.disorder += seq <= self.last
        self.last = seq
        self.findings += 1
        self.kinds[str(finding["kind"])] += 1
        if self.echo:
            subject = finding.get("subject")
            value = subject["value"] if isinstance(subject, dict) else ""
            print(f"{finding['at']}  {finding['kind']:<20} {finding['source'] or '':<20} {value}", flush=True)


async def follow(port: int, token: str, tally: Tally) -> None:
    """Follow the stream for ever, hanging up every few seconds and resuming."""
    while True:
        try:
            with trio.move_on_after(CUT_AFTER):
                await _follow_once(port, token, tally)
        except (trio_websocket.ConnectionClosed, trio_websocket.HandshakeError, OSError):
            await trio.sleep(0.3)
        tally.resumed += tally.last > 0


async def _follow_once(port: int, token: str, tally: Tally) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    url = f"ws://127.0.0.1:{port}/api/v1/stream?since={tally.last}"
    async with trio_websocket.open_websocket_url(url, extra_headers=headers) as websocket:
        while True:
            message = json.loads(await websocket.get_message())
            for finding in message.get("findings", ()):
                tally.take(finding)
