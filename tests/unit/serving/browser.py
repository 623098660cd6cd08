"""A browser without a window, spoken to over a pipe: what a page shows, and what it asks the network for."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
DEADLINE = 30.0
_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1100,900",
              "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking"]  # fmt: skip


@dataclass
class Page:
    """One tab."""

    send: int
    receive: int
    session: str = ""
    asked: list[str] = field(default_factory=list)
    """Every address that the page wanted."""
    complaints: list[str] = field(default_factory=list)
    _number: int = 0
    _rest: bytes = b""

    def tell(self, method: str, **parameters: object) -> Any:
        """Return the result of a command of the DevTools protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        os.write(
            self.send, json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0"
        )
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found
                return found["result"]
            if found.get("method") == "Network.requestWillBeSent":
                self.asked.append(found["params"]["request"]["url"])
            elif found.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.complaints.append(json.dumps(found["params"]))

    def run(self, script: str) -> Any:
        """Return the value of an expression in the page."""
        return self.tell("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait(self, script: str) -> Any:
        """Return the value of an expression once it is true."""
        deadline = time.monotonic() + DEADLINE
        while not (found := self.run(script)):
            assert time.monotonic() < deadline, f"{script} never came true: {self.run('document.body.innerText')}"
            time.sleep(0.05)
        return found

    def picture(self) -> bytes:
        """Return the page as PNG."""
        return base64.b64decode(self.tell("Page.captureScreenshot")["data"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self.receive, 1 << 16)
            assert part, "the browser ended"
            self._rest += part
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))


@contextmanager
def page(address: str) -> Iterator[Page]:
    """Show an address."""
    assert PROGRAM is not None
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()

    def give() -> None:
        # The browser reads from 3 and writes to 4; what lies there now may be one of the two.
        kept = os.dup(theirs_in), os.dup(theirs_out)
        os.dup2(kept[0], 3)
        os.dup2(kept[1], 4)

    with tempfile.TemporaryDirectory(prefix="mooring-browser-", ignore_cleanup_errors=True) as profile:
        command = [PROGRAM, *_ARGUMENTS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, preexec_fn=give, close_fds=False, stderr=subprocess.DEVNULL) as process:
            try:
                found = Page(ours_out, ours_in)
                target = found.tell("Target.createTarget", url="about:blank")["targetId"]
                found.session = found.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
                for domain in ("Network", "Runtime", "Log", "Page"):
                    found.tell(f"{domain}.enable")
                found.tell("Page.navigate", url=address)
                yield found
            finally:
                process.kill()
                for end in (theirs_in, ours_out, ours_in, theirs_out):
                    os.close(end)
