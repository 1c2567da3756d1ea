"""What a runtime starts: hands the call to the agent and prints what comes back, or has it done in this process.

It runs as `/usr/bin/python3 -I -S -E` by the launcher that nuage_chain/launcher.py writes, and takes no longer than
that interpreter needs to start: it imports C modules only (a test holds that), hence no `json`, no `os` and no
`__future__`. What both sides say to each other is in docs/agent.md; nuage_chain/agent/wire.py is the other side.

No call is done twice: the agent says that it has accepted a call before it starts anything. Until then the call may be
done here; after that an ADD whose answer is lost is only ever taken back.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import posix
import select
import sys
import time

# As nuage_chain/agent/wire.py has them; a test compares.
MAGIC = b"nuage-chain 1 "
ALIVE, ACCEPTED, REPLY = b".", b"a", b"r"
# An agent that says nothing for so long is taken for dead; it says ALIVE more often than that. Its start takes a while.
SILENCE_AT_START, SILENCE = 5.0, 20.0
# Larger calls are done here, so that a burst of them does not fill the agent's memory.
LARGEST = 4 << 20
PASSED_ON = (b"TRACEPARENT", b"TRACESTATE")

# Somewhat more than anybody may send (nuage_chain/cni/document.py), so that it is seen to be too much.
_MOST_INPUT = (16 << 20) + 1
_CHUNK = 1 << 20
_TO_READ, _TO_READ_VERSION = 30.0, 2.0
_TO_PRINT = 20
_ENDING = {_signal.SIGTERM: "SIGTERM", _signal.SIGINT: "SIGINT"}


class _Stopped(BaseException):
    """A signal asked the process to end, at a moment when nothing has begun."""


class _Call:
    """One call: what the runtime gave us, and how far the agent has come with it."""

    def __init__(self, verb: bytes, interpreter: str) -> None:
        self.verb = verb
        self.interpreter = interpreter
        self.stdin: bytes | None = None
        self.token = posix.urandom(8).hex()
        self.agent: _socket.socket | None = None
        self.stopped_by = 0
        self.trouble = ""


def main(socket: str, interpreter: str) -> None:
    """The process. socket: the agent's. interpreter: the one that has the whole package, for calls without agent."""
    try:
        _fill_closed()
        status = _run(socket, interpreter)
    except _Stopped as e:
        status = _fail(11, str(e), "Try again later.")
    except OSError as e:
        status = _fail(5, f"nuage-chain cannot run: {e}.", "Check the limits of the runtime's service.")
    except BaseException as e:  # noqa: BLE001 - whatever happens, the runtime gets one JSON document
        status = _fail(199, f"nuage-chain cannot run: {type(e).__name__}: {e}.", "Install it again.")
    posix._exit(status)


def _run(socket: str, interpreter: str) -> int:
    call = _Call(posix.environ.get(b"CNI_COMMAND", b""), interpreter)
    if not call.verb:
        return _direct(call)
    for number in _ENDING:
        _signal.signal(number, lambda number, _: _stop(call, number))
    # Held back by the launcher until here.
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _ENDING)
    seconds = _TO_READ_VERSION if call.verb == b"VERSION" else _TO_READ
    try:
        call.stdin = _stdin(seconds)
    except OSError:
        # The other process finds that out, too, and says so.
        return _direct(call)
    if call.stdin is not None:
        return _ask(call, socket)
    if call.verb == b"VERSION":
        return _direct(call)
    return _fail(11, f"Standard input did not end within {seconds:g} s.", "The runtime has to close it.")


def _ask(call: _Call, socket: str) -> int:
    got = _exchange(call, socket) if len(call.stdin or b"") < LARGEST else b""
    said = got.lstrip(ALIVE)
    accepted, reply = said[:1] == ACCEPTED, _reply(said[1:].lstrip(ALIVE))
    if reply is not None:
        return _print(*reply)
    if accepted and call.verb == b"ADD":
        return _direct(call, call.token)
    if call.stopped_by:
        raise _Stopped(f"The call was ended by {_ENDING[call.stopped_by]}.")
    return _direct(call, "", call.trouble) if call.verb == b"STATUS" else _direct(call)


def _stop(call: _Call, number: int) -> None:
    for other in _ENDING:
        _signal.signal(other, _signal.SIG_IGN)
    if call.agent is None:
        raise _Stopped(f"The call was ended by {_ENDING[number]} before it began.")
    # The agent sees that, undoes the call, and answers.
    call.stopped_by = number
    try:
        call.agent.shutdown(_socket.SHUT_WR)
    except OSError:
        return


def _exchange(call: _Call, path: str) -> bytes:
    """All that the agent said; nothing where there is none."""
    got, shut = b"", False
    try:
        agent = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        agent.settimeout(SILENCE_AT_START)
        agent.connect(path)
        call.agent = agent
        agent.sendall(message(call.token, posix.environ, call.stdin or b""))
    except FileNotFoundError:
        return b""
    except OSError as e:
        call.trouble = f"{path}: {e}"
        return b""
    call.trouble = f"{path}: it did not take the call"
    while _reply(got.lstrip(ALIVE)[1:].lstrip(ALIVE)) is None:
        try:
            chunk = agent.recv(_CHUNK)
        except TimeoutError:
            if shut:
                break
            # From here on the agent cannot accept; whether it has done so is in what is read after this.
            agent.shutdown(_socket.SHUT_RDWR)
            shut = True
            continue
        except OSError:
            break
        if not chunk:
            break
        agent.settimeout(SILENCE)
        got += chunk
    return got


def message(token: str, environ: "dict[bytes, bytes]", stdin: bytes) -> bytes:
    """The call as the agent reads it: a line with the length of the rest; token, namespace, variables, input."""
    given = [k + b"=" + v for k, v in environ.items() if k.startswith(b"CNI_") or k in PASSED_ON]
    body = b"\0".join([token.encode(), _identity(environ.get(b"CNI_NETNS", b"")), *given]) + b"\0\0" + stdin
    return MAGIC + b"%d\n" % len(body) + body


def _identity(path: bytes) -> bytes:
    """The container's namespace as seen from here: the agent has to see the same one at that path."""
    try:
        found = posix.stat(path)
    except (OSError, ValueError):
        return b"-"
    return b"%d:%d" % (found.st_dev, found.st_ino)


def _reply(said: bytes) -> "tuple[int, bytes, bytes] | None":
    """Exit status, standard output and standard error, once all of it is there."""
    line, ended, rest = said.partition(b"\n")
    if line[:1] != REPLY or not ended:
        return None
    status, out, err = map(int, line[1:].split())
    return (status, rest[:out], rest[out : out + err]) if len(rest) >= out + err else None


def _stdin(seconds: float) -> "bytes | None":
    """Standard input up to its end, or somewhat more than anybody may send; None where it does not end in time.

    Raises OSError where it cannot be read.
    """
    if posix.isatty(0):
        return b""
    until, read, ready = time.monotonic() + seconds, bytearray(), select.poll()
    ready.register(0, select.POLLIN)
    while len(read) < _MOST_INPUT:
        if not ready.poll(max(0, until - time.monotonic()) * 1000):
            return None
        chunk = posix.read(0, _CHUNK)
        if not chunk:
            break
        read += chunk
    return bytes(read)


def _direct(call: _Call, *given: str) -> int:
    """This process becomes one that does the call itself. given: for direct.main. Returns only if it cannot."""
    program = f"from nuage_chain.direct import main; main{given!r}"
    try:
        if call.stdin:
            fd = posix.memfd_create("stdin")
            left = memoryview(call.stdin)
            while left:
                left = left[posix.write(fd, left) :]
            posix.lseek(fd, 0, 0)
            posix.dup2(fd, 0)
        # Until the other interpreter can answer it (direct.main), a signal has to wait: it would end the process
        # without a document.
        _signal.pthread_sigmask(_signal.SIG_BLOCK, _ENDING)
        posix.execve(call.interpreter, [call.interpreter, "-I", "-c", program], posix.environ)
    except OSError as e:
        return _fail(5, f"{call.interpreter} cannot be run: {e.strerror}.", "Install nuage-chain again.")


def _fill_closed() -> None:
    """A descriptor that is closed is filled so that its use still fails: a socket must not take its place."""
    for number, flags in ((0, posix.O_WRONLY), (1, posix.O_RDONLY), (2, posix.O_WRONLY)):
        try:
            posix.fstat(number)
        except OSError:
            posix.open("/dev/null", flags)


def _fail(code: int, message: str, hint: str) -> int:
    # Texts of ours and of the C library: what JSON would have to escape is not worth an import of it.
    text = "".join(c if c.isprintable() and c not in '"\\' else "?" for c in message)
    return _print(1, f'{{"cniVersion": "1.0.0", "code": {code}, "msg": "{text}", "details": "{hint}"}}\n'.encode(), b"")


def _print(status: int, out: bytes, err: bytes) -> int:
    # By its default, an alarm ends the process: whoever does not read is not waited for.
    _signal.alarm(_TO_PRINT)
    _write(2, err)
    problem = _write(1, out)
    if problem is None:
        return status
    _write(2, f"nuage-chain cannot answer: {problem}\n".encode())
    return 1


def _write(fd: int, text: bytes) -> "OSError | None":
    left = memoryview(text)
    try:
        while left:
            left = left[posix.write(fd, left) :]
    except OSError as e:
        return e
    return None


if __name__ == "__main__":
    main(*sys.argv[1:3])
