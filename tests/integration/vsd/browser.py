"""A real headless Chromium, driven over two pipes by the DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium")


class Browser:
    """One browser with one page; `log` is what the page complained of on its console."""

    def __init__(self, profile: Path) -> None:
        program = next(found for found in map(shutil.which, NAMES) if found)
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        argv = [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        # The certificate is of an authority that the test has just made.
        argv += ["--ignore-certificate-errors", "--no-proxy-server", f"--user-data-dir={profile}", "about:blank"]
        # The browser reads commands from descriptor 3 and writes to 4.
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *argv], pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._out, self._in = ours_out, ours_in
        self._left = b""
        self._number = 0
        self._session: str | None = None
        self.log: list[str] = []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        target = self._send("Target.getTargets")["targetInfos"][0]["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._send(f"{domain}.enable")

    def open(self, url: str, width: int = 1280, height: int = 800) -> None:
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._send("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 15.0) -> Any:
        """The value as soon as it is true."""
        until = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < until, f"{script} never came true: {self.run('document.body.innerText')}"
            time.sleep(0.05)
        return value

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._out)
        os.close(self._in)

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message)

    def _receive(self, seconds: float = 30.0) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while b"\0" not in self._left:
            readable, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert readable, "the browser says nothing"
            some = os.read(self._in, 65536)
            assert some, "the browser is gone"
            self._left += some
        line, self._left = self._left.split(b"\0", 1)
        return dict(json.loads(line))

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}:
            self.log.append(json.dumps(message["params"]))
