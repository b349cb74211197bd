"""One agent's view, pulled: what is taken, in what order, and what becomes of a pull that is cut off."""

from __future__ import annotations

from pathlib import Path

from support import pulling, sealed
from support.agent_host import serving
from support.pulling import FakeStore, mails, name_of

from tipd.agent.chain import Chain
from tipd.modules.spamtrap.agents.folder import FolderOrigin
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.net.kept import Endpoint, Kept


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def a_pull(folder: Path, store: FakeStore, chain: Path, **more) -> Pull:
    ground = pulling.ground(folder, store)
    source = pulling.source(path=str(chain), **more)
    return Pull(ground, source, FolderOrigin(chain, ground.clock), pulling.no_marks)


async def test_over_https(tmp_path: Path) -> None:
    store = FakeStore()
    async with serving(made(tmp_path / "host"), 3, tls=True, raw=mails(1, 2)) as host:
        token = tmp_path / "token"
        token.write_text(host.token)
        token.chmod(0o600)
        ground = pulling.ground(tmp_path, store)
        url = f"https://127.0.0.1:{host.port}"
        kept = Kept(ground.tools, Endpoint(url=url, token_file=token, ca_file=host.folder / "tls.pem"))
        origin = HttpsOrigin(kept)
        pull = Pull(ground, pulling.source(url=url), origin, pulling.no_marks)
        await pull.all()
        assert store.spam.last == 3
        host.grow(mails(3))
        await pull.all()
        await origin.aclose()
    assert store.spam.last == 4
    assert set(store.spam.mails) == {name_of(1), name_of(2), name_of(3)}
    ours = Chain(tmp_path / "agents" / "mx1" / "redacted")
    assert [link.state for link in ours.check(sealed.KEY)] == ["good"] * 4
