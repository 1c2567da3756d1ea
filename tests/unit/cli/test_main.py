from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nuage_chain.cli import main, run, signals
from nuage_chain.errors import BadConfig

COMMANDS = [
    "run", "docker-run", "attach", "detach", "check", "lint", "install", "uninstall",
    "vsp", "vsp up", "vsp down", "vsp status", "vsp seed",
]  # fmt: skip


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], int]:
    """Has `nuage-chain run true` do something else, and returns the exit status."""

    def work(what: Callable[[], int]) -> int:
        def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
            parser = commands.add_parser("run")
            parser.set_defaults(run=lambda _: what(), root=False)

        monkeypatch.setattr(run, "add_parser", add_parser)
        return main.main(["run"])

    return work


def failing(error: BaseException) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (BadConfig("It is wrong.", hint="Mend it."), 1, "nuage-chain: It is wrong.\n  Mend it.\n"),
        (BadConfig("It is wrong.", hint=""), 1, "nuage-chain: It is wrong.\n"),
        (signals.Interrupted(15), 143, "nuage-chain: Interrupted by SIGTERM.\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "nuage-chain: /x: Permission denied.\n"),
        (RecursionError(), 1, "nuage-chain: A file or argument is nested too deeply to be read.\n"),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_status(
    running: Callable[[Callable[[], int]], int],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    said: str,
) -> None:
    assert running(failing(error)) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert len(err.splitlines()) <= 2


def test_an_error_is_an_object_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    # Who is not root hears of that.
    assert main.main(["audit", "plan", "--json", "--config", "/nowhere/config.yaml"]) == 1
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert list(said) == ["code", "msg", "details"]
    assert err.startswith(f"nuage-chain: {said['msg']}\n")


def test_the_exit_status_is_the_commands(running: Callable[[Callable[[], int]], int]) -> None:
    assert running(lambda: 42) == 42


def test_a_fault_of_ours_keeps_its_traceback(running: Callable[[Callable[[], int]], int]) -> None:
    with pytest.raises(KeyError):
        running(failing(KeyError("x")))


@pytest.mark.parametrize("words", [[], ["nowhere"], ["run"], ["run", "--"], ["vsp"], ["attach"], ["--nowhere"]])
def test_wrong_arguments_are_exit_status_2(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main(words)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: nuage-chain")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main.main([*command.split(), "--help"])
    out, err = capsys.readouterr()
    assert (caught.value.code, err) == (0, "")
    assert out.startswith(f"usage: nuage-chain {command} ")
    assert max(map(len, out.splitlines())) <= 120


def test_a_reader_that_goes_away_early_gets_no_complaint(tmp_path: Path) -> None:
    script = "import sys; from nuage_chain.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = ["vsp", "status", "--state", str(tmp_path)]
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", script, *words], stdout=pipe, stderr=subprocess.PIPE, timeout=20, check=False
        )
    assert done.returncode == 1
    assert b"Broken" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_every_command_that_is_shown_works_by_its_own_module_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])
    shown = re.findall(r"^ {4}([a-z-]+)(?:  |$)", capsys.readouterr().out, re.MULTILINE)
    assert {"run", "agent", "vsp", "uninstall", "check"} < set(shown)
    for command in shown:
        with pytest.raises(SystemExit) as ended:
            main.main([command, "--help"])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: nuage-chain {command} ")


def test_the_agent_holds_nothing_of_the_embedded_vsp() -> None:
    script = (
        "import sys; from nuage_chain.cli.main import main\n"
        "try: main(['agent', '--help'])\n"
        "except SystemExit: import nuage_chain.agent.process\n"
        "print({m for m in sys.modules if m in ('requests', 'cryptography', 'sqlite3') or '.vsp' in m})"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
