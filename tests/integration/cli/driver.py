"""The command line as a person drives it, its networks in a folder of the test's own, and what it left behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.integration.lab import NOTHING, PLUGIN_DIRS, Lab
from tests.integration.waiting import eventually

NUAGE_CHAIN = Path(sys.prefix) / "bin" / "nuage-chain"
SECONDS = 60
# Plugins: one whose ADD says that it has begun and takes longer than any test, one whose ADD fails.
SLOW = '#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] || exit 0\n: >"$MARK"\nexec sleep 300\n'
BROKEN = '#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] || exit 0\necho \'{"code": 7, "msg": "no such luck"}\'\nexit 1\n'


class Cli:
    """`nuage-chain` and the scripts around it, run as a person runs them."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.networks, self.plugins, self.mark = folder / "net.d", folder / "plugins", folder / "mark"
        self.networks.mkdir()
        self.plugins.mkdir()
        self.environment = os.environ | {
            "NETCONFPATH": str(self.networks),
            "CNI_PATH": ":".join(map(str, [self.plugins, *PLUGIN_DIRS])),
            "MARK": str(self.mark),
        }

    def offer(self, file: str = "10-nuage.conflist", name: str = "", **changes: Any) -> None:
        """Puts a list of conflists/ into the folder of networks; `name` is the network's and the file's."""
        whole = json.loads(self.lab.network(file, **changes).raw)
        if name:
            whole["name"] = name
        (self.networks / (f"{name}.conflist" if name else file)).write_text(json.dumps(whole))

    def offer_after(self, plugin: str, script: str) -> None:
        """The usual list with a plugin of the test's own at its end."""
        self.offer()
        path = self.networks / "10-nuage.conflist"
        whole = json.loads(path.read_text())
        whole["plugins"].append({"type": plugin})
        path.write_text(json.dumps(whole))
        (self.plugins / plugin).write_text(script)
        (self.plugins / plugin).chmod(0o755)

    def words(self, *words: str) -> list[str]:
        cache = (
            ["--cache", str(self.lab.cache)] if words[0] in ("run", "docker-run", "attach", "detach", "check") else []
        )
        return [str(NUAGE_CHAIN), words[0], *cache, *words[1:]]

    def __call__(self, *words: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.words(*words),
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        """In the background."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.words(*words), env=self.environment, text=True, preexec_fn=heed_signals, **{**pipes, **options}
        )

    def assert_nothing_left(self, seconds: float = 10) -> None:
        self.lab.settle(NOTHING, seconds)
        eventually(lambda: not [*Path("/run/netns").glob("nuage-run-*")], seconds=seconds)


def heed_signals() -> None:
    """As for a command that a person started: a shell's background jobs, such as these tests, ignore the two."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, cli: Cli, *words: str) -> None:
        self.pid, self.master = pty.fork()
        if not self.pid:
            heed_signals()
            os.execve(cli.words(*words)[0], cli.words(*words), cli.environment)  # noqa: S606 - no shell is the point
        self.seen = b""

    def expect(self, text: bytes) -> None:
        while text not in self.seen:
            self.seen += os.read(self.master, 4096)

    def echo(self, text: bytes) -> None:
        """Has `cat` say it, which shows that it runs; a shell can miss a Ctrl-C while it starts a command."""
        self.type(text + b"\n")
        self.expect(text + b"\r\n" + text + b"\r\n")

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def wait(self) -> int:
        try:
            while data := os.read(self.master, 4096):
                self.seen += data
        except OSError:  # the terminal's other end is closed
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.master)
        return status


def docker(address: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "--host", address, *words], capture_output=True, text=True, timeout=SECONDS, check=check
    )


def assert_sentence_and_hint(said: str) -> None:
    sentence, hint = said.splitlines()
    assert sentence.startswith("nuage-chain: ")
    assert sentence[-1] in ".?)"
    assert hint.startswith("  ")
    assert "Traceback" not in said
