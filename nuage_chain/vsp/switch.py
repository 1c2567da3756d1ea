"""The switch of a node: what its database is told before it starts, and how one sees that it forwards."""

from __future__ import annotations

from collections.abc import Mapping

from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable, NuageChainError
from nuage_chain.vsp import place
from nuage_chain.vsp.databases import run_tool
from nuage_chain.vsp.engine.plans import stable_mac
from nuage_chain.vsp.layout import BRIDGE, OUTSIDE, OUTSIDE_BRIDGE, OUTSIDE_NETWORK, UPLINK_BRIDGE, Layout
from nuage_chain.vsp.processes import log_tail
from nuage_chain.vsp.settings import Settings

PROBE_MILLISECONDS = 10_000
"""Without a word from the southbound database for twice as long, ovn-controller connects anew."""


def configure(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Say who this node is, and make its bridges. Raises NotAvailable with the words of ovs-vsctl."""
    facts = {
        "system-id": settings.system_id,
        "ovn-remote": settings.southbound or f"unix:{layout.sb_socket}",
        "ovn-remote-probe-interval": str(PROBE_MILLISECONDS),
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": settings.address,
        "ovn-bridge": BRIDGE,
        "ovn-bridge-datapath-type": settings.datapath,
        "ovn-bridge-mappings": f"{OUTSIDE_NETWORK}:{OUTSIDE_BRIDGE}" if settings.outside else "",
    }
    argv = [
        *("ovs-vsctl", f"--db=unix:{layout.ovsdb_socket}", "--timeout=5", "--no-wait", "init"),
        *("--", "set", "Open_vSwitch", ".", *(f'external_ids:{key}="{value}"' for key, value in facts.items())),
        *("--", "--may-exist", "add-br", BRIDGE),
        *("--", "set", "Bridge", BRIDGE, f"datapath_type={settings.datapath}", "fail_mode=secure"),
        *("--", "remove", "Bridge", BRIDGE, "external_ids", "ovn-nb-cfg"),
        # A bridge that gets its first controller loses all flows, OVN's as well: it has one from the beginning.
        *("--", "set-controller", BRIDGE, f"unix:{layout.controller_socket}"),
        *("--", "set", "Controller", BRIDGE, "connection_mode=out-of-band", "max_backoff=1000"),
        *_bridge(OUTSIDE_BRIDGE, settings, wanted=settings.outside),
        *(_outside() if settings.outside else ()),
        *_bridge(UPLINK_BRIDGE, settings, wanted=bool(settings.uplink)),
        *(_uplink(settings) if settings.uplink else ()),
    ]
    run_tool(argv, environment, deadline)


def set_addresses(settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Give the running switch's own links what they have as links of the node. Raises NotAvailable, KernelRefused."""
    if settings.outside:
        place.set_address(settings.netns, OUTSIDE_BRIDGE, f"{OUTSIDE[1]}/{OUTSIDE.prefixlen}", environment, deadline)
    if settings.uplink:
        place.hush_uplink(settings, deadline.left("the kernel"))
        place.set_address(settings.netns, UPLINK_BRIDGE, f"{settings.address}/{settings.prefix}", environment, deadline)


def wait_forwarding(layout: Layout, settings: Settings, environment: Mapping[str, str], deadline: Deadline) -> None:
    """Wait until the bridge has all that OVN's southbound database has. Raises NotAvailable."""
    left = max(1, int(deadline.left("OVN to program the bridge")))
    vsctl = ["ovs-vsctl", f"--db=unix:{layout.ovsdb_socket}", f"--timeout={left}"]
    try:
        run_tool([*vsctl, "wait-until", "Bridge", BRIDGE, "external_ids:ovn-nb-cfg!=0"], environment, deadline)
    except NuageChainError as e:
        where = settings.southbound or "OVN's southbound database"
        log = layout.log_of("ovn-controller")
        raise NotAvailable(
            f"{BRIDGE} did not get its flows in time; the end of {log}, which is to get them from {where}:\n"
            f"{log_tail(log)}",
            hint="The lines say why; a host that does not reach the centre is the usual reason.",
        ) from e


def _bridge(name: str, settings: Settings, *, wanted: bool) -> list[str]:
    if not wanted:
        return ["--", "--if-exists", "del-br", name]
    made = ["--", "--may-exist", "add-br", name]
    return [*made, "--", "set", "Bridge", name, f"datapath_type={settings.datapath}"]


def _outside() -> list[str]:
    # The same on every node: what OVN has learned of it outlives the node that translates, and nobody asks anew.
    return ["--", "set", "Bridge", OUTSIDE_BRIDGE, f'other_config:hwaddr="{stable_mac(OUTSIDE_BRIDGE)}"']


def _uplink(settings: Settings) -> list[str]:
    # Not the link's own: the kernel would take what comes in for its own, a second time.
    address = stable_mac(f"{settings.system_id}/{UPLINK_BRIDGE}")
    return [
        *("--", "set", "Bridge", UPLINK_BRIDGE, f'other_config:hwaddr="{address}"'),
        *("--", "--may-exist", "add-port", UPLINK_BRIDGE, settings.uplink),
    ]
