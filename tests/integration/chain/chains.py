"""Lists with other plugins around nuage-chain, and a measure of what passes."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.deadline import Deadline
from tests.integration.lab import Container, Lab

Entry = dict[str, Any]


def chain(
    lab: Lab, file: str = "10-nuage.conflist", *, before: list[Entry] | None = None, after: list[Entry] | None = None
) -> Network:
    """A ready list with further entries before and after ours."""
    network = lab.network(file)
    whole = json.loads(network.raw)
    place = next(n for n, entry in enumerate(whole["plugins"]) if entry["type"] == "nuage-chain")
    whole["plugins"][place + 1 :] = [*whole["plugins"][place + 1 :], *(after or [])]
    whole["plugins"][place:place] = before or []
    return conflist.parse(json.dumps(whole).encode(), Path(network.source))


def add(lab: Lab, network: Network, container: Container, ifname: str = "eth0", **capabilities: Any) -> dict[str, Any]:
    return lab.runtime.add_or_clean(network, lab.attachment(container, ifname, **capabilities), Deadline(60))


def delete(lab: Lab, network: Network, container: Container, ifname: str = "eth0", **capabilities: Any) -> None:
    lab.runtime.delete(network, lab.attachment(container, ifname, **capabilities), Deadline(60))


def attachment(lab: Lab, container: Container, ifname: str, **args: str) -> Attachment:
    """An attachment with other CNI_ARGS than the container's own."""
    made = lab.attachment(container, ifname)
    return Attachment(made.container_id, made.netns, ifname, [*made.args, *args.items()], {})


def ip_of(container: Container, ifname: str = "eth0") -> str:
    return container.addresses(ifname)[0].split("/")[0]


def connects(client: Container, server: Container, address: str, seconds: float = 5) -> bool:
    """Whether TCP gets from one container to an address of another."""
    with server.listen(address, 7100):
        try:
            client.connect(address, 7100, seconds).close()
        except OSError:
            return False
    return True


def speed(client: Container, server: Container, address: str, size: int) -> float:
    """Bits per second at which `size` bytes get from one container to an address of another by TCP."""
    with server.listen(address, 7200) as listening, client.connect(address, 7200) as sending:
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(30)
            sending.settimeout(60)
            thread = threading.Thread(target=_send, args=(sending, size), daemon=True)
            begin = time.monotonic()
            thread.start()
            missing = size
            while missing:
                received = len(accepted.recv(1 << 16))
                assert received, f"{missing} bytes are missing"
                missing -= received
            took = time.monotonic() - begin
            thread.join(5)
    return size * 8 / took


def exceeds(rate: float, client: Container, server: Container, address: str, size: int) -> bool:
    """Whether that way lets more than `rate` bits per second through, in one of five tries on a busy machine."""
    return any(speed(client, server, address, size) > rate for _ in range(5))


def on_host(*command: str) -> str:
    """What a command prints in the node's network namespace."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout


def _send(sending: socket.socket, size: int) -> None:
    with contextlib.suppress(OSError):
        sending.sendall(bytes(size))
