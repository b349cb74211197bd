"""The paths: which there are, and who gets what at them."""

from pathlib import Path

import pytest
from support.agent_host import serving

from tipd.agent.answering import PATHS


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/v1/versions", {"list": "versions"}),
        ("/v1/versions/7", {"n": "7"}),
        ("/v1/announce", {"announce": "announce"}),
        ("/mx1/v1/versions", {"agent": "mx1", "list": "versions"}),
        ("/v1/v1/versions/1", {"agent": "v1", "n": "1"}),
        ("/v1/mails/" + "aB" * 32, {"mail": "aB" * 32}),
    ],
)
def test_paths_name_what_is_asked_for(path: str, what: dict[str, str]) -> None:
    match = PATHS.fullmatch(path)
    assert match is not None
    assert {name: value for name, value in match.groupdict().items() if value} == what


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1/versions/", "/v1/versions/x", "/v1/versions/1/2", "/v1/versions/\u0661", "/v1/versions\n"),
        *("//v1/versions", "/../v1/versions", "/a/b/v1/versions", "/v1/mails/" + "a" * 63, "/v2/versions"),
    ],
)
def test_other_paths_are_none(path: str) -> None:
    assert PATHS.fullmatch(path) is None


async def test_each_peer_sees_its_own_view_and_no_other_agent(tmp_path: Path) -> None:
    async with serving(tmp_path, 2) as host:
        urls = host.enroll("urls", "urls")
        assert (await host.ask("/v1/versions", token=urls)).status == 404
        assert (await host.ask("/v1/versions/1", token=urls)).status == 404
        assert (await host.ask("/mx1/v1/versions")).json["view"] == "redacted"
        assert (await host.ask("/mx2/v1/versions")).status == 404
        assert (await host.ask("/push/mx1/redacted")).status == 404
        assert (await host.ask("/metrics", token="")).status == 404
