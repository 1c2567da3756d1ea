"""The main job, shown: run by scripts/demo inside namespaces of its own (scripts/lib/private.sh)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.cli.output import table
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError
from nuage_chain.link.netns import inside
from nuage_chain.vrs.connection import Connection
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.access import access_of
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.settings import load_settings

ROOT = Path(__file__).parents[2]
STATE = Path("/run/vsp")
NODE = "node"
OVERLAY, IPAM = "10-nuage.conflist", "20-nuage-host-local.conflist"
HOST_LOCAL = Path("/var/lib/cni/networks")
LIST_SAYS = {"DOMAIN": "Shop", "ZONE": "front", "SUBNET": "web"}
COLOUR = (sys.stdout.isatty() or "FORCE_COLOR" in os.environ) and "NO_COLOR" not in os.environ
MEGABYTES = 8


class NotAsItShouldBe(Exception):
    """The demo looked, and saw something else than it was to see."""


@dataclass
class Container:
    """One container of the demo: a network namespace, and where it belongs."""

    name: str
    domain: str
    zone: str
    subnet: str
    list: str = OVERLAY
    address: str = ""

    @property
    def netns(self) -> str:
        return f"/run/netns/{self.name}"

    @property
    def args(self) -> str:
        """What a runtime passes about it: its name, and where it belongs if not where the list says."""
        place = {"DOMAIN": self.domain, "ZONE": self.zone, "SUBNET": self.subnet}
        other = [f"NUAGE_{k}={v}" for k, v in place.items() if v != LIST_SAYS[k]]
        return ";".join([f"K8S_POD_NAME={self.name}", *other])


WEB_1 = Container("web-1", "Shop", "front", "web")
WEB_2 = Container("web-2", "Shop", "front", "web")
WEB_3 = Container("web-3", "Shop", "front", "web", IPAM)
API_1 = Container("api-1", "Shop", "front", "api")
DB_1 = Container("db-1", "Shop", "back", "db")
LAB_1 = Container("lab-1", "Lab", "bench", "web")
ALL = (WEB_1, WEB_2, WEB_3, API_1, DB_1, LAB_1)


def paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def part(number: int, title: str, *work: Callable[[], None]) -> None:
    print(f"\n{paint(f'{number}. {title}', '1')}")
    for step in work:
        step()
        sys.stdout.flush()


def expect(holds: bool, what: str) -> None:
    """Says what was seen, or ends the demo."""
    if not holds:
        raise NotAsItShouldBe(what)
    print(f"  {paint('✓', '32')} {what}")


def show(text: str) -> None:
    for line in text.rstrip().splitlines():
        print(f"    {paint(line, '2')}")


def sh(*command: str, seconds: float = 60) -> str:
    """Runs a command and returns what it prints; its failure ends the demo with its own words."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired as e:
        raise NotAsItShouldBe(f"`{' '.join(command)}` has not ended after {seconds:g} s") from e
    if done.returncode:
        raise NotAsItShouldBe(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def say_and_run(*words: str, node: bool = False) -> str:
    """Shows a command of ours as one would type it, and runs it, on the node where it belongs there."""
    print(f"  {paint('$', '36')} nuage-chain {' '.join(w if ';' not in w else repr(w) for w in words)}")
    before = ["nsenter", f"--net=/run/netns/{NODE}", "--"] if node else []
    return sh(*before, str(Path(sys.prefix) / "bin" / "nuage-chain"), *words)


def start() -> None:
    show(say_and_run("vsp", "up", "--netns", NODE, "--state", str(STATE)))
    config = Path("/etc/nuage-chain/config.yaml")
    config.parent.mkdir(exist_ok=True)
    config.write_bytes((STATE / "config.yaml").read_bytes())
    show(say_and_run("vsp", "seed", "--state", str(STATE)).splitlines()[-1])
    vsd = on_vsd("enterprises") + on_vsd("domains") + on_vsd("zones") + on_vsd("subnets")
    show("\n".join(tree(vsd)))
    kinds = [o["parentType"] for o in vsd]
    seen = {"domains": kinds.count("enterprise"), "zones": kinds.count("domain"), "subnets": kinds.count("zone")}
    expect(seen == {"domains": 2, "zones": 3, "subnets": 4}, "VSD has the enterprise, two domains, zones and subnets")


def tree(objects: Sequence[dict[str, Any]], parent: str | None = None, depth: int = 0) -> list[str]:
    """The objects as an indented list; an enterprise has no parent among them."""
    known = {o["ID"] for o in objects}
    lines = []
    for o in objects:
        above = o["parentID"] if o["parentID"] in known else None
        if above == parent:
            plan = f"  {o['address']}/{o['netmask']}, gateway {o['gateway']}" if o.get("gateway") else ""
            lines += [f"{'  ' * depth}{o['name']}{plan}", *tree(objects, o["ID"], depth + 1)]
    return lines


def attach() -> None:
    for c in ALL:
        sh("ip", "netns", "add", c.name)
        sh("ip", "-n", c.name, "link", "set", "lo", "up")
        words = ("attach", c.name, "--netconf", f"conflists/{c.list}", "--args", c.args)
        show(say_and_run(*words, node=True).splitlines()[-1])
        [link] = json.loads(sh("ip", "-n", c.name, "-j", "-4", "address", "show", "dev", "eth0"))
        c.address = link["addr_info"][0]["local"]
        expect(link["operstate"] == "UP" and bool(c.address), f"{c.name} has {c.address} on eth0")
    show(sh("ip", "-n", WEB_1.name, "-br", "address") + sh("ip", "-n", WEB_1.name, "route"))
    expect("default via 10.10.1.1" in sh("ip", "-n", WEB_1.name, "route"), "web-1 has a default route by its gateway")


def pings(client: Container, address: str) -> str | None:
    """The round trip in milliseconds; None where nothing comes back."""
    done = subprocess.run(
        ["nsenter", f"--net={client.netns}", "--", "ping", "-c2", "-i0.2", "-W1", address],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.rsplit("=", 1)[-1].split("/")[0].strip() if done.returncode == 0 else None


def transfer(client: Container, server: Container) -> float:
    """Sends some megabytes by TCP, compares every byte, and returns MB/s."""
    payload = os.urandom(1 << 20)
    listening = listening_on(server)
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        # What goes wrong here is seen by who listens.
        with contextlib.suppress(OSError, NuageChainError):
            sending = inside(client.netns, lambda: socket.create_connection((server.address, 7000), 5), 6)
            for _ in range(MEGABYTES):
                sending.sendall(payload)
        os._exit(0)
    try:
        with listening:
            listening.settimeout(5)
            receiving, _ = listening.accept()
            with receiving:
                receiving.settimeout(5)
                received = b"".join(iter(lambda: receiving.recv(1 << 16), b""))
    except OSError as e:
        raise NotAsItShouldBe(f"{client.name} → {server.name}: nothing comes by TCP: {e}") from e
    os.waitpid(pid, 0)
    if received != payload * MEGABYTES:
        raise NotAsItShouldBe(f"{server.name} received {len(received)} bytes that are not what was sent")
    return MEGABYTES / (time.monotonic() - begin)


def listening_on(server: Container) -> socket.socket:
    return inside(server.netns, lambda: socket.create_server((server.address, 7000)), 5)


def refused(client: Container, address: str) -> bool:
    try:
        inside(client.netns, lambda: socket.create_connection((address, 7000), 1.5), 3).close()
    except OSError:
        return True
    return False


def traffic() -> None:
    for client, server, how in (
        (WEB_1, WEB_2, "same subnet"),
        (WEB_1, WEB_3, "same subnet, its address chosen by host-local"),
        (WEB_1, API_1, "other subnet of the zone, through the gateway"),
        (WEB_1, DB_1, "other zone of the domain, through the gateway"),
    ):
        answer = pings(client, server.address)
        expect(answer is not None, f"{client.name} → {server.name} ({how}): ping, {answer} ms")
        speed = transfer(client, server)
        expect(True, f"{client.name} → {server.name} ({how}): TCP, {MEGABYTES} MB intact, {speed:.0f} MB/s")
    for server in (WEB_2, API_1):
        with listening_on(server):
            silent = pings(LAB_1, server.address) is None and refused(LAB_1, server.address)
        expect(silent, f"lab-1 → {server.name} (other domain): neither ping nor TCP")
    expect(LAB_1.address == WEB_1.address, f"lab-1 and web-1 both have {WEB_1.address}, each in a domain of its own")


def on_vsd(path: str) -> list[dict[str, Any]]:
    """A list of VSD, asked over HTTPS from the node."""
    layout = layout_of(STATE)
    settings = load_settings(layout)
    if settings is None:
        raise NotAsItShouldBe(f"there is no VSP in {STATE}")

    def work() -> list[dict[str, Any]]:
        session = Session(access_of(layout, settings))
        try:
            return session.get(path, Deadline(10))
        finally:
            session.close()

    return inside(f"/run/netns/{NODE}", work, 10)


def vports() -> list[dict[str, Any]]:
    return [p for d in on_vsd("domains") for p in on_vsd(f"domains/{d['ID']}/vports")]


def listed() -> None:
    state = {p["ID"]: p["operationalState"] for p in vports()}
    until = time.monotonic() + 5
    while set(state.values()) != {"UP"} and time.monotonic() < until:
        time.sleep(0.1)
        state = {p["ID"]: p["operationalState"] for p in vports()}
    containers = on_vsd("containers")
    lines = []
    for c in sorted(containers, key=lambda c: str(c["name"])):
        for i in c["interfaces"]:
            place = f"{i['domainName']}/{i['zoneName']}/{i['networkName']}"
            lines.append((c["name"], c["status"], i["VPortName"], state[i["VPortID"]], place, i["IPAddress"], i["MAC"]))
    show(table(("container", "status", "vPort", "state", "where", "address", "MAC"), lines))
    there = {(c.name, c.address) for c in ALL}
    expect({(line[0], line[5]) for line in lines} == there, "VSD lists every container, with its vPort and its address")
    expect(all(line[1] == "RUNNING" and line[3] == "UP" for line in lines), "all are RUNNING, their vPorts UP")


def rows(name: str) -> list[dict[str, Any]]:
    connection = Connection(f"unix:{layout_of(STATE).ovsdb_socket}")
    try:
        return list(connection.transact([{"op": "select", "table": name, "where": []}], Deadline(5))[0]["rows"])
    finally:
        connection.close()


def detach() -> None:
    for c in ALL:
        words = ("detach", c.name, "--netconf", f"conflists/{c.list}", "--args", c.args)
        say_and_run(*words, node=True)
        sh("ip", "netns", "delete", c.name)
    ports = [r["name"] for r in rows("Port") if r["name"] != "alubr0"]
    expect(not ports, "the bridge has no port of them any more")
    expect(not rows("Nuage_Port_Table") and not rows("Nuage_VM_Table"), "both tables of VRS are empty")
    expect(not on_vsd("containers") and not vports(), "VSD has no container and no vPort")
    links = sh("ip", "-n", NODE, "-br", "link").split()
    expect(not [name for name in links if name.startswith("veth")], "the node has no veth")
    names = sh("ip", "netns").split()
    expect(not [c.name for c in ALL if c.name in names], "their network namespaces are gone")
    stored = [f.name for f in HOST_LOCAL.glob("*/*.*.*.*")]
    expect(not stored, "host-local's store has no address")
    cached = [f.name for f in Path("/var/lib/cni/results").glob("*")]
    expect(not cached, "the runtime's cache has no result")


def stop() -> None:
    show(say_and_run("vsp", "down", "--state", str(STATE), "--purge"))


def main(keep: bool) -> int:
    begin = time.monotonic()
    os.environ["CNI_PATH"] = f"{Path(sys.prefix) / 'cni'}:/usr/lib/cni"
    os.chdir(ROOT)
    try:
        part(1, "A node with an embedded VSP: VSD, VRS and VSC, on Open vSwitch and OVN", start)
        part(2, "Six containers, attached by bridge and then nuage-chain", attach)
        part(3, "Traffic", traffic)
        part(4, "What VSD lists", listed)
        if not keep:
            part(5, "And all of it is taken away again", detach, stop)
    except (NotAsItShouldBe, NuageChainError, OSError) as e:
        print(f"\n{paint('✗', '31')} Not as it should be: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left of it.", file=sys.stderr)
        return 130
    if not keep:
        took = f"{time.monotonic() - begin:.0f} s"
        print(f"\n{paint('✓', '32')} Everything was as it should be, in {took}, and nothing is left of it.")
    return 0


if __name__ == "__main__":
    sys.exit(main("--keep" in sys.argv[1:]))
