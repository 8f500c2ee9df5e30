"""A headless Chromium for tests of the page, told what to do over its own protocol."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from websockets.sync.client import connect

from tests.waiting import wait_for


class Browser:
    """Show one page in a window of a size.

    Parameters
    ----------
    size : (int, int)
        Width and height [px].
    """

    def __init__(self, size: tuple[int, int]) -> None:
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if program is None:
            pytest.skip("no Chromium here")
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        width, height = size
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        flags += [f"--user-data-dir={self._folder.name}", f"--window-size={width},{height}"]
        flags += ["--ignore-certificate-errors", "about:blank"]
        self._process = subprocess.Popen(
            [program, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        port = Path(self._folder.name) / "DevToolsActivePort"
        wait_for(lambda: port.exists() and port.read_text().count("\n") >= 1)
        number = port.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/json/list") as answer:
            (target,) = [t for t in json.load(answer) if t["type"] == "page"]
        self._opened = ExitStack()
        self._link = self._opened.enter_context(connect(target["webSocketDebuggerUrl"], max_size=None))
        self._numbers = itertools.count(1)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Give a command and return its result."""
        number = next(self._numbers)
        self._link.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._link.recv(timeout=20))
            if answer.get("id") == number:
                result = answer.get("result", {})
                assert isinstance(result, dict)
                return result

    def open(self, link: str) -> None:
        """Go to a page."""
        self.call("Page.navigate", url=link)

    def run(self, script: str) -> Any:
        """Return what a script gives; None while a page is on its way."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer.get("result", {}).get("value")

    @property
    def text(self) -> str:
        """Return the words that are seen."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def picture(self, file: Path) -> None:
        """Save what is seen."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def __enter__(self) -> Self:
        """Return the browser; it ends with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._opened.close()
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()
