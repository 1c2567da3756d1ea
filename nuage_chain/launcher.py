"""The text of the executable in the runtime's plugin folder; an installer writes it there, whole, by a rename."""

from __future__ import annotations

from pathlib import Path

SOCKET = Path("/run/nuage-chain/agent.sock")
"""Where the agent is called, and where systemd/nuage-chain-agent.socket listens."""

# -I -S -E: neither the runtime's environment nor its folder changes anything, and `site` is not read.
# The relay's compiled form is kept by Python beside its source: compiling it anew would take as long as all the rest.
_TEXT = """\
#!/usr/bin/python3 -ISE
import posix

SOCKET = {socket!r}
INTERPRETER = {interpreter!r}
RELAY = {relay!r}
import _signal

# The relay lets them in when it can answer them.
_signal.pthread_sigmask(_signal.SIG_BLOCK, (_signal.SIGTERM, _signal.SIGINT))
try:
    from _frozen_importlib_external import SourceFileLoader

    folder = {folder}
    relay = {{"__name__": "nuage-chain"}}
    exec(SourceFileLoader("relay", folder + RELAY).get_code("relay"), relay)
except BaseException:
    posix.write(1, b'{{"cniVersion": "1.0.0", "code": 5, "msg": "nuage-chain cannot be read.", '
                   b'"details": "Install it again."}}\\n')
    posix._exit(1)
relay["main"](SOCKET, folder + INTERPRETER)
"""


def render(interpreter: Path, package: Path, socket: Path = SOCKET, current: Path | None = None) -> str:
    """A Python program for /usr/bin/python3.

    interpreter: a Python that can import the package nuage_chain; it does the calls for which there is no agent.
    package: the folder of that package, where relay.py is. socket: the agent's.
    current: a link to the folder that the other two paths are in, relative to it then; a call stays with the version
    that the link led to when it began.
    """
    folder = f'posix.readlink({str(current)!r}) + "/"' if current else '""'
    relay = str(package / "relay.py")
    return _TEXT.format(socket=str(socket), interpreter=str(interpreter), relay=relay, folder=folder)
