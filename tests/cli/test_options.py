from pathlib import Path

import pytest

from tipd.cli import main, options


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--config", "c.toml", "-vv", "token", "list"),
        ("token", "--json", "--config", "c.toml", "-vv", "list"),
        ("token", "list", "--json", "--config", "c.toml", "-v", "-v"),
        ("--json", "token", "--config=c.toml", "list", "-vv"),
    ],
)
def test_global_options_stand_anywhere(words: tuple[str, ...]) -> None:
    args = options.completed(main.parser().parse_args(words), {})
    assert (args.json, args.config, args.verbose, args.quiet) == (True, Path("c.toml"), 2, False)
    assert (args.url, args.token_file) == (None, None)


def test_the_environment_names_a_daemon_elsewhere() -> None:
    environ = {"TIPD_URL": "https://tipd.example.org", "TIPD_TOKEN_FILE": "/t"}
    args = options.completed(main.parser().parse_args(["status"]), environ)
    assert (args.url, args.token_file) == ("https://tipd.example.org", Path("/t"))
    args = options.completed(main.parser().parse_args(["status", "--url", "http://192.0.2.1"]), environ)
    assert args.url == "http://192.0.2.1"
