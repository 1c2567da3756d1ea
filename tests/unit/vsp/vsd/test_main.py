from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.vsp.vsd.conftest import Rest

COMMAND = (sys.executable, "-m", "nuage_chain.vsp.vsd", "--port", "0", "--cert-port", "0")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("from-a-file\n")
    return path


@pytest.fixture
def running(tmp_path: Path, secret: Path) -> Iterator[subprocess.Popen[bytes]]:
    files = ("--password-file", secret, "--pidfile", tmp_path / "pid", "--log", tmp_path / "log")
    command: list[str | Path] = [*COMMAND, "--state", tmp_path / "state", *files]
    process = subprocess.Popen(command)
    try:
        until = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_it_serves_until_it_is_told_to_end(
    running: subprocess.Popen[bytes], tmp_path: Path, rest: Rest, secret: Path
) -> None:
    assert (tmp_path / "pid").read_text() == f"{running.pid}\n"
    log = (tmp_path / "log").read_text()
    url = re.search(r"ready at (\S+) and", log)
    assert url is not None, log
    password = secret.read_text().strip()
    me = type(rest)(url.group(1), tmp_path / "state/tls/ca.pem", secret=password).one("me")
    assert me["userName"] == "csproot"
    running.send_signal(signal.SIGTERM)
    assert running.wait(5) == 0
    assert not (tmp_path / "pid").exists()
    log = (tmp_path / "log").read_text()
    assert re.search(r"127\.0\.0\.1 csproot@CSP GET /nuage/api/v6/me 200 [\d.]+ms", log)
    assert password not in log
    assert me["APIKey"] not in log


def test_a_killed_server_starts_again_with_what_it_had(
    running: subprocess.Popen[bytes], tmp_path: Path, rest: Rest, secret: Path
) -> None:
    log = (tmp_path / "log").read_text()
    url = re.search(r"ready at (\S+) and", log)
    assert url is not None, log
    first = type(rest)(url.group(1), tmp_path / "state/tls/ca.pem", secret=secret.read_text().strip())
    first.make("enterprises", name="Acme")
    os.kill(running.pid, signal.SIGKILL)
    running.wait(5)
    process = subprocess.Popen([*COMMAND, "--state", tmp_path / "state"], stderr=subprocess.PIPE)
    assert process.stderr is not None
    line = process.stderr.readline().decode()
    ready = re.search(r"ready at (\S+) and", line)
    assert ready is not None, line
    second = type(rest)(ready.group(1), tmp_path / "state/tls/ca.pem", secret=secret.read_text().strip())
    assert second.names("enterprises") == ["Acme"]
    process.terminate()
    process.communicate(timeout=5)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "Cannot read the password file"), ("\n", "is empty"), ("", "is empty")],
)
def test_a_password_file_that_is_no_use_is_said_so(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_text(content)
    command: list[str | Path] = [*COMMAND, "--state", tmp_path / "state", "--password-file", path]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_setting_that_is_none_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("secret\n")
    command: list[str | Path] = [
        *COMMAND,
        "--state",
        tmp_path / "state",
        "--password-file",
        path,
        "--set",
        "page_size=0",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert "page_size" in ended.stderr
    assert "Traceback" not in ended.stderr
