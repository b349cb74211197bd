"""A real Chromium for tests of pages, spoken to over the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websockets.sync.client import connect

if TYPE_CHECKING:
    from types import TracebackType

    from websockets.sync.client import ClientConnection

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 30  # seconds until a page that does not come is a failure
_OPTIONS = (
    "--headless=new",
    # root, containers and Debian without a package of its own have none; only pages of ours are opened
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,900",
    "--remote-debugging-port=0",
    # nothing but this machine is ever asked, whatever a page or the browser itself wants
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def program() -> str:
    """Return Chromium's path; raises RuntimeError with the command that installs it."""
    done = subprocess.run([ROOT / "scripts" / "chromium.sh"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


class Browser:
    """A context manager with one page; `complaints` holds what its console said of errors."""

    def __init__(self, folder: Path) -> None:
        """Keep the profile below `folder`."""
        self.complaints: list[str] = []
        self._profile = folder / "profile"
        self._numbers = itertools.count(1)
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Browser:
        """Start it and open its page."""
        self._process = subprocess.Popen(
            [program(), *_OPTIONS, f"--user-data-dir={self._profile}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self._page: ClientConnection = self._held.enter_context(connect(self._page_address(), max_size=2**26))
            for domain in ("Page", "Runtime", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self._held.close()
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """End it and its children."""
        self._held.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _page_address(self) -> str:
        told = self._profile / "DevToolsActivePort"
        self._until(lambda: told.exists() and "\n" in told.read_text(), "the browser")
        port = told.read_text().split("\n")[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_PATIENCE) as answer:
            return next(target["webSocketDebuggerUrl"] for target in json.load(answer) if target["type"] == "page")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; raises RuntimeError where the browser refuses."""
        number = next(self._numbers)
        self._page.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._page.recv(timeout=_PATIENCE))
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        told = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        if message.get("method") == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(told["entry"]["text"] + " " + told["entry"].get("url", ""))

    def open(self, address: str) -> None:
        """Go there and wait until the page is loaded."""
        told = self.call("Page.navigate", url=address)
        if "errorText" in told:
            raise RuntimeError(f"{address}: {told['errorText']}")
        self.wait("document.readyState === 'complete'")

    def value(self, script: str) -> Any:
        """Return what a JavaScript expression gives."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return told["result"].get("value")

    def wait(self, script: str) -> Any:
        """Wait until a JavaScript expression is true, and return it; fails with the page's text."""
        return self._until(lambda: self.value(script), script)

    def text(self) -> str:
        """Return the text that a person sees."""
        return str(self.value("document.body.innerText"))

    def picture(self) -> bytes:
        """Return what it looks like, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def _until(self, condition: Any, what: str) -> Any:
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            if value := condition():
                return value
            time.sleep(0.05)
        shown = self.text() if hasattr(self, "_page") else ""
        raise AssertionError(f"waited {_PATIENCE} s for {what}\n{shown}\n{self.complaints}")
