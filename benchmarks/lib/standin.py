"""The stand-in for VSD and VRS: answers at once, or after so many milliseconds, so that the plugin is measured alone.

The embedded VSP is the same contract with all that is behind it: SQLite, OVN, and Python that takes longer for an
answer than the plugin for its question. Here a VSD over the same HTTPS listener keeps objects in a dictionary, and a
VRS on the same OVSDB connection class fills in the row of each port as soon as it sees it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

from benchmarks.lib.objects import Objects
from nuage_chain.vsp.layout import Layout, layout_of
from nuage_chain.vsp.ovsdb import Operation, Ovsdb, connect
from nuage_chain.vsp.resolver.openflow import Controller
from nuage_chain.vsp.vsd.listener import Listener
from nuage_chain.vsp.vsd.messages import Answer, Call
from nuage_chain.vsp.vsd.tls import create_ca, issue_server

FIRST_PORT = 8443
DATABASE, TABLE = "Open_vSwitch", "Nuage_Port_Table"


def port_of(delay: int) -> int:
    """The TCP port of the VSD that answers after `delay` milliseconds."""
    return FIRST_PORT + delay


def main() -> None:
    """Serves until it is ended from outside; writes its pidfile when it is ready."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--pidfile", type=Path, required=True)
    parser.add_argument("delays", type=int, nargs="+")
    given = parser.parse_args()
    layout, objects = layout_of(given.state), Objects(time.time)
    create_ca(layout.vsd / "tls")
    pair = issue_server(layout.vsd / "tls")
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    for delay in given.delays:
        listener = Listener(("127.0.0.1", port_of(delay)), context, _after(delay / 1000, objects.answer))
        threading.Thread(target=listener.serve_forever, daemon=True).start()
    asyncio.run(_resolve(layout, objects, lambda: given.pidfile.write_text(f"{os.getpid()}\n")))


def _after(seconds: float, answer: Callable[[Call], Answer]) -> Callable[[Call], tuple[Answer, str]]:
    def answering(call: Call) -> tuple[Answer, str]:
        if seconds:
            time.sleep(seconds)
        return answer(call), ""

    return answering


async def _resolve(layout: Layout, objects: Objects, ready: Callable[[], object]) -> None:
    changed = asyncio.Event()
    await Controller(lambda: None, time.time_ns).listen(layout.controller_socket)
    switch = await connect(layout.ovsdb_socket, changed.set)
    await switch.monitor(DATABASE, {TABLE: ("name", "mac", "ip_addr")})
    ready()
    while not switch.lost:
        await _fill(switch, objects)
        await changed.wait()
        changed.clear()


async def _fill(switch: Ovsdb, objects: Objects) -> None:
    waiting = [row for row in switch.tables[TABLE].values() if not row["ip_addr"]]
    if waiting:
        await switch.transact(DATABASE, [_update(row["name"], objects.address_of(row["mac"])) for row in waiting])


def _update(name: str, address: str) -> Operation:
    values = {"ip_addr": address, "subnet_mask": Objects.NETMASK, "gateway": Objects.GATEWAY, "evpn_id": 1, "vrf_id": 1}
    return {"op": "update", "table": TABLE, "where": [["name", "==", name]], "row": values}


if __name__ == "__main__":
    main()
