"""A subscriber of the stream that hangs up now and then, resumes from its cursor, and minds that nothing is skipped."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import trio
import trio_websocket

from tipd.model.flux import CONFIRMED, DORMANT, LIKELY, NETWORK, NODES
from tipd.model.spam import CAMPAIGN

# Of these brief tells each name's first, of others only each source's.
EACH_NAME = frozenset({LIKELY, CONFIRMED, NETWORK, DORMANT})
CUT_AFTER = 8.0  # seconds; then we hang up by ourselves and come back


@dataclass
class Tally:
    """What the stream told us."""

    brief: bool = False  # print of each source's indicators only the first that is listed, and delisted
    kinds: Counter[str] = field(default_factory=Counter)
    last: int = 0
    resumed: int = 0
    disorder: int = 0
    findings: int = 0
    told: set[tuple[str, str, str]] = field(default_factory=set)
    reasons: Counter[str] = field(default_factory=Counter)  # why intervals ended

    def take(self, finding: dict[str, Any]) -> None:
        """Count one finding."""
        seq = int(finding["seq"])
        self.disorder += seq <= self.last
        self.last = seq
        self.findings += 1
        self.kinds[str(finding["kind"])] += 1
        if finding["kind"] == "indicator.delisted":
            self.reasons[str(finding["data"].get("reason", "-"))] += 1
        self._print(finding)

    def resume(self) -> None:
        """Count that we came back, and say where."""
        if self.last:
            self.resumed += 1
            print(f"-- hung up on the stream; resuming after finding {self.last}", flush=True)

    def _print(self, finding: dict[str, Any]) -> None:
        kind, source, subject = str(finding["kind"]), str(finding["source"] or ""), finding.get("subject")
        why = str(finding["data"].get("reason", "")) if kind == "indicator.delisted" else ""
        if kind in EACH_NAME and subject is not None:
            why = str(subject["value"])
        if self.brief and subject is not None and (kind, source, why) in self.told:
            return
        self.told.add((kind, source, why))
        said = _said(finding, subject, why) if subject is not None else _facts(kind, finding["data"])
        print(f"{finding['at'][:19]}  {kind:<19}  {source:<18}  {said}", flush=True)


def _said(finding: dict[str, Any], subject: dict[str, Any], why: str) -> str:
    value, data = str(subject["value"]), finding["data"]
    if finding["kind"] in {CONFIRMED, LIKELY}:
        holz = data.get("holz") or {}
        tags = f", tags {', '.join(data['tags'])}" if data.get("tags") else ""
        return f"{value}: {holz.get('score')} of {holz.get('n_a')} addresses in {holz.get('n_asn')} networks{tags}"
    if finding["kind"] == NODES:
        return f"{value}: {len(data['added'])} new nodes, {len(data['removed'])} gone"
    return value if why in {"", value} else f"{value} {why}"


def _facts(kind: str, data: dict[str, Any]) -> str:
    if kind == CAMPAIGN:
        counted = f"{data['mails']} mails to {data['traps']} traps from {data['relays']} relays"
        return f"{data['campaign']}: {counted}, {data['subject']!r}, leads to {', '.join(data['hosts']) or 'no host'}"
    return " ".join(f"{name}={value}" for name, value in data.items())


async def follow(port: int, token: str, tally: Tally) -> None:
    """Follow the stream for ever, hanging up every few seconds and resuming."""
    while True:
        try:
            with trio.move_on_after(CUT_AFTER):
                await _follow_once(port, token, tally)
        except (trio_websocket.ConnectionClosed, trio_websocket.HandshakeError, OSError):
            await trio.sleep(0.3)
        tally.resume()


async def _follow_once(port: int, token: str, tally: Tally) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    url = f"ws://127.0.0.1:{port}/api/v1/stream?since={tally.last}"
    async with trio_websocket.open_websocket_url(url, extra_headers=headers) as websocket:
        while True:
            message = json.loads(await websocket.get_message())
            for finding in message.get("findings", ()):
                tally.take(finding)
