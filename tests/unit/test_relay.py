"""The executable as it is installed, against an agent that does what the test says."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import nuage_chain
from nuage_chain import launcher
from nuage_chain.agent import wire
from tests.unit.agent.conftest import Running, until

PACKAGE = Path(nuage_chain.__file__).parent
BARE = ["/usr/bin/python3", "-I", "-S", "-E"]
ADD = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/x", "CNI_NETNS": "/nowhere"}
DEL = ADD | {"CNI_COMMAND": "DEL"}
CONFIG = b'{"cniVersion": "1.0.0", "name": "net"}'
# What the relay does without an agent, as a line of its standard output.
FALLBACK = '#!/bin/sh\nprintf "%s %s\\n" "$3" "$(cat)"\n'


class Installed:
    """The launcher in a folder, with an interpreter that only says what it was to do."""

    def __init__(self, folder: Path) -> None:
        self.socket, self.fallback, self.path = folder / "agent.sock", folder / "python", folder / "nuage-chain"
        self.fallback.write_text(FALLBACK)
        self.path.write_text(launcher.render(self.fallback, PACKAGE, self.socket))
        for program in (self.fallback, self.path):
            program.chmod(0o755)

    def start(self, environ: dict[str, str]) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen([self.path], env=environ, stdin=pipe, stdout=pipe, stderr=pipe)

    def call(self, environ: dict[str, str], stdin: bytes = CONFIG) -> tuple[int, str, str]:
        with self.start(environ) as process:
            out, err = process.communicate(stdin, timeout=60)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


@contextlib.contextmanager
def scripted(path: Path, act: Callable[[socket.socket, wire.Call], None]) -> Iterator[list[wire.Call]]:
    """An agent that reads each call and then does what it is told. Yields the calls."""
    calls: list[wire.Call] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                got = b""
                while (size := wire.length(got)) is None or len(got) < size:
                    got += sock.recv(1 << 16)
                calls.append(wire.parse(got))
                with contextlib.suppress(OSError):
                    act(sock, calls[-1])

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield calls
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def sends(*parts: bytes) -> Callable[[socket.socket, wire.Call], None]:
    def act(sock: socket.socket, _call: wire.Call) -> None:
        for part in parts:
            sock.sendall(part)

    return act


def done_here(*given: str, stdin: bytes = CONFIG) -> tuple[int, str, str]:
    """What comes of a call that the relay has the full interpreter do. given: for direct.main."""
    return 0, f"from nuage_chain.direct import main; main{given!r} {stdin.decode()}\n", ""


def test_it_imports_c_modules_only(installed: Installed, tmp_path: Path) -> None:
    look = "import sys; print({n: getattr(m.__spec__, 'origin', None) for n, m in list(sys.modules.items())})"
    bare = ast.literal_eval(subprocess.run([*BARE, "-c", look], capture_output=True, text=True, check=True).stdout)
    at_end = (
        "import posix, sys\n"
        "end = posix._exit\n"
        "def look(status):\n"
        "    found = {n: getattr(m.__spec__, 'origin', None) for n, m in sys.modules.items()}\n"
        "    posix.write(2, repr(found).encode())\n"
        "    end(status)\n"
        "posix._exit = look\n"
        f"exec(open({str(installed.path)!r}).read())\n"
    )
    with Running(installed.socket).serving():
        done = subprocess.run(
            [*BARE, "-c", at_end], env={"CNI_COMMAND": "VERSION"}, input=b"", capture_output=True, check=True
        )
    assert b"supportedVersions" in done.stdout
    ours = {n: origin for n, origin in ast.literal_eval(done.stderr.decode()).items() if n not in bare}
    assert ours, "the look was taken"
    others = {n: origin for n, origin in ours.items() if origin not in ("built-in", "frozen") and ".so" not in origin}
    assert others == {}


def test_it_starts_as_an_isolated_interpreter_without_site() -> None:
    assert launcher.render(Path("/x/python"), PACKAGE).splitlines()[0] == "#!/usr/bin/python3 -ISE"


def test_paths_of_any_kind_can_be_written_into_it(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s a "folder" with spaces and ü'
    folder.mkdir()
    assert Installed(folder).call(DEL) == done_here()


def test_a_package_that_is_gone_is_an_error_document(installed: Installed, tmp_path: Path) -> None:
    installed.path.write_text(launcher.render(installed.fallback, tmp_path / "gone", installed.socket))
    status, out, _ = installed.call(DEL)
    assert (status, json.loads(out)["code"]) == (1, 5)


def test_an_interpreter_that_is_gone_is_an_error_document(installed: Installed) -> None:
    installed.fallback.unlink()
    status, out, _ = installed.call(DEL)
    assert (status, json.loads(out)["code"], "cannot be run" in out) == (1, 5, True)


def test_the_agent_gets_the_variables_of_the_call_and_no_others(installed: Installed) -> None:
    environ = ADD | {
        "TRACEPARENT": "00-1-2-01",
        "TRACESTATE": "x=y",
        "HTTPS_PROXY": "p",
        "PATH": "/bin",
        "PYTHONPATH": "/",
    }
    with scripted(installed.socket, sends(b"a", wire.reply(3, b"out\n", b"err\n"))) as calls:
        assert installed.call(environ) == (3, "out\n", "err\n")
    assert calls[0].environ == ADD | {"TRACEPARENT": "00-1-2-01", "TRACESTATE": "x=y"}
    assert calls[0].stdin == CONFIG


def test_every_call_has_a_token_of_its_own(installed: Installed) -> None:
    with scripted(installed.socket, sends(b"a", wire.reply(0, b"", b""))) as calls:
        installed.call(ADD)
        installed.call(ADD)
    assert len({call.token for call in calls}) == 2


def test_an_answer_may_come_in_parts_with_signs_of_life_between(installed: Installed) -> None:
    whole = wire.reply(0, b"x" * 100_000, b"")
    with scripted(installed.socket, sends(b"..", b".", b"a", b"..", whole[:3], whole[3:50_000], whole[50_000:])):
        assert installed.call(ADD) == (0, "x" * 100_000, "")


@pytest.mark.parametrize("environ", [ADD, DEL])
def test_without_a_socket_the_call_is_done_here(installed: Installed, environ: dict[str, str]) -> None:
    assert installed.call(environ) == done_here()


def test_where_nobody_listens_the_call_is_done_here(installed: Installed) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(installed.socket))
    assert installed.call(ADD) == done_here()


def test_status_is_told_why_a_socket_is_of_no_use(installed: Installed) -> None:
    status = {"CNI_COMMAND": "STATUS", "CNI_PATH": "/x"}
    assert installed.call(status) == done_here("", "")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(installed.socket))
    assert "Connection refused" in installed.call(status)[1]
    installed.socket.unlink()
    with scripted(installed.socket, sends()):
        assert f"{installed.socket}: it did not take the call" in installed.call(status)[1]


@pytest.mark.parametrize("environ", [ADD, DEL])
@pytest.mark.parametrize("said", [b"", b".", b"..."])
def test_an_agent_that_goes_before_it_has_accepted_leaves_the_call_to_us(
    installed: Installed, environ: dict[str, str], said: bytes
) -> None:
    with scripted(installed.socket, sends(said)):
        assert installed.call(environ) == done_here()


@pytest.mark.parametrize("said", [b"a", b".a..", b"ar", b"ar0 10 0\n", b"ar0 10 0\n123456789"])
def test_an_add_whose_answer_is_lost_is_taken_back_and_any_other_verb_is_done_again(
    installed: Installed, said: bytes
) -> None:
    with scripted(installed.socket, sends(said)) as calls:
        assert installed.call(ADD) == done_here(calls[0].token)
        assert installed.call(DEL) == done_here()


def silent(said: bytes) -> Callable[[socket.socket, wire.Call], None]:
    """An agent that hangs, and is seen to be unable to accept after that."""

    def act(sock: socket.socket, _call: wire.Call) -> None:
        sock.sendall(said)
        sock.settimeout(20)
        assert sock.recv(1) == b""
        with pytest.raises(BrokenPipeError):
            sock.sendall(b"a")

    return act


@pytest.mark.parametrize("said", [b"", b".", b"a"])
def test_an_agent_that_hangs_is_given_up_and_cannot_accept_any_more(
    installed: Installed, tmp_path: Path, said: bytes
) -> None:
    hasty = tmp_path / "relay.py"
    source = (PACKAGE / "relay.py").read_text()
    hasty.write_text(source.replace("SILENCE_AT_START, SILENCE = 5.0, 20.0", "SILENCE_AT_START, SILENCE = 0.2, 0.2"))
    assert hasty.read_text() != source
    installed.path.write_text(launcher.render(installed.fallback, tmp_path, installed.socket))
    with scripted(installed.socket, silent(said)) as calls:
        assert installed.call(ADD) == done_here(*[calls[0].token] * (said == b"a"))


def test_a_call_that_is_too_large_for_the_agent_is_done_here(installed: Installed) -> None:
    large = b"x" * (5 << 20)
    with scripted(installed.socket, sends(b"a")) as calls:
        assert installed.call(ADD, large) == done_here(stdin=large)
    assert calls == []


def test_an_input_that_cannot_be_read_is_for_the_full_interpreter_to_tell(installed: Installed) -> None:
    words = ["/bin/sh", "-c", 'exec "$0" <&-', str(installed.path)]
    with scripted(installed.socket, sends(b"a", wire.reply(0, b"", b""))) as calls:
        done = subprocess.run(words, env=DEL, capture_output=True, check=False, timeout=20)
    assert (done.stdout, calls) == (done_here(stdin=b"")[1].encode(), [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_told_to_the_agent_whose_answer_is_printed(installed: Installed, number: signal.Signals) -> None:
    with (
        scripted(installed.socket, lambda sock, _call: _after_hang_up(sock, b"a")) as calls,
        installed.start(ADD) as one,
    ):
        assert one.stdin is not None
        one.stdin.write(CONFIG)
        one.stdin.close()
        one.stdin = None
        until(lambda: calls)
        for again in (number, signal.SIGTERM, number):
            one.send_signal(again)
        assert one.communicate(timeout=20)[0] == b"rolled back"
        assert one.returncode == 1


def _after_hang_up(sock: socket.socket, said: bytes) -> None:
    sock.sendall(said)
    sock.settimeout(20)
    assert sock.recv(1) == b""
    sock.sendall(wire.reply(1, b"rolled back", b""))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_the_agent_has_accepted_ends_the_call(installed: Installed, number: signal.Signals) -> None:
    def wait(sock: socket.socket, _call: wire.Call) -> None:
        sock.settimeout(20)
        assert sock.recv(1) == b""

    with scripted(installed.socket, wait) as calls, installed.start(ADD) as one:
        assert one.stdin is not None
        one.stdin.write(CONFIG)
        one.stdin.close()
        one.stdin = None
        until(lambda: calls)
        one.send_signal(number)
        document = json.loads(one.communicate(timeout=20)[0])
    assert (one.returncode, document["code"], number.name in document["msg"]) == (1, 11, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_input_is_read_ends_the_call(installed: Installed, number: signal.Signals) -> None:
    with installed.start(ADD) as one:
        # Python itself catches SIGINT, long before the relay does.
        until(lambda: _catches(one.pid, signal.SIGTERM))
        one.send_signal(number)
        assert one.wait(20) == 1
        assert one.stdout is not None
        document = json.loads(one.stdout.read())
    assert (document["code"], number.name in document["msg"]) == (11, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_relay_itself_is_read_is_answered(
    installed: Installed, tmp_path: Path, number: signal.Signals
) -> None:
    text = (PACKAGE / "relay.py").read_text()
    sent = f"import posix; posix.kill(posix.getpid(), {number.value})\n"
    (tmp_path / "relay.py").write_text(text.replace("import _signal", f"{sent}import _signal", 1))
    installed.path.write_text(launcher.render(installed.fallback, tmp_path, installed.socket))
    status, out, _ = installed.call(ADD)
    document = json.loads(out)
    assert (status, document["code"], number.name in document["msg"]) == (1, 11, True)


def _catches(pid: int, number: int) -> bool:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(fields["SigCgt"], 16) >> (number - 1) & 1)


def test_an_answer_that_cannot_be_told_is_exit_status_1(installed: Installed) -> None:
    with scripted(installed.socket, sends(b"a", wire.reply(0, b"out", b""))):
        fd = os.open("/dev/full", os.O_WRONLY)
        try:
            done = subprocess.run(
                [installed.path], env=ADD, input=CONFIG, stdout=fd, stderr=subprocess.PIPE, check=False, timeout=20
            )
        finally:
            os.close(fd)
    assert (done.returncode, b"cannot answer" in done.stderr, b"Traceback" in done.stderr) == (1, True, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_full_interpreter_starts_is_answered_by_it(
    installed: Installed, number: signal.Signals
) -> None:
    # It comes at the worst moment: before that interpreter has run a line of ours.
    installed.fallback.write_text(f'#!/bin/sh\nkill -{number.value} $$\nexec {sys.executable} "$@"\n')
    with installed.start(DEL) as process:
        out, _ = process.communicate(CONFIG, timeout=60)
    document = json.loads(out)
    assert (process.returncode, document["code"], number.name in document["msg"]) == (1, 11, True)


def test_who_does_not_read_the_answer_is_not_waited_for(installed: Installed, tmp_path: Path) -> None:
    text = (PACKAGE / "relay.py").read_text()
    assert "_TO_PRINT = 20" in text
    (tmp_path / "relay.py").write_text(text.replace("_TO_PRINT = 20", "_TO_PRINT = 1"))
    installed.path.write_text(launcher.render(installed.fallback, tmp_path, installed.socket))
    with scripted(installed.socket, sends(wire.ACCEPTED, wire.reply(0, b"x" * 500_000, b""))):
        process = installed.start(ADD)
        assert process.stdin
        process.stdin.write(CONFIG)
        process.stdin.close()
        assert process.wait(30) == -signal.SIGALRM
        for stream in (process.stdout, process.stderr):
            assert stream
            stream.close()
