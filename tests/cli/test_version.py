from typing import Any

from tipd import __version__


def test_version(tipd: Any) -> None:
    assert tipd("version").out == f"tipd {__version__}\n"
    assert tipd("--version").out == f"tipd {__version__}\n"
    assert tipd("version", "--json").lines == [{"version": __version__}]
