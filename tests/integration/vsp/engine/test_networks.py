"""Addresses, routes, DHCP and the way out, as packets meet them."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from nuage_chain.vsp import place
from tests.integration.vsp.policies import wait

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.vsp.conftest import Lab
    from tests.integration.vsp.policies import Domain, Workload

pytestmark = pytest.mark.root

OUTSIDE = "198.18.0.1"


@pytest.fixture
def open_domain(domain: Domain) -> Domain:
    domain.allow("ingress", "egress")
    return domain


def poses_as(workload: Workload, address: str) -> None:
    workload.run("ip", "address", "add", f"{address}/32", "dev", "lo")


# --- anti-spoofing


def test_a_vport_sends_with_other_addresses_only_while_vsd_lets_it(lab: Lab, open_domain: Domain) -> None:
    a, b = open_domain.attach("east1"), open_domain.attach("east1")
    stolen = a.address.rsplit(".", 1)[0] + ".99"
    a.run("ip", "address", "add", f"{stolen}/24", "dev", "eth0")

    def spoofs() -> bool:
        return a.tries("ping", "-c1", "-W0.3", "-I", stolen, b.address)

    assert a.pings(b)
    assert not spoofs()
    open_domain.update(f"vports/{a.vport_id}", addressSpoofing="ENABLED")
    wait(spoofs)
    open_domain.update(f"vports/{a.vport_id}", addressSpoofing="DISABLED")
    wait(lambda: not spoofs())


def test_a_vport_that_inherits_spoofs_where_an_ingress_policy_allows_it(lab: Lab, domain: Domain) -> None:
    domain.allow("egress")
    template = domain.template("ingress", ip=True)
    a, b = domain.attach("east1"), domain.attach("east1")
    stolen = a.address.rsplit(".", 1)[0] + ".99"
    a.run("ip", "address", "add", f"{stolen}/24", "dev", "eth0")
    assert not a.tries("ping", "-c1", "-W0.3", "-I", stolen, b.address)
    domain.update(f"ingressacltemplates/{template}", allowAddressSpoof=True)
    wait(lambda: a.tries("ping", "-c1", "-W0.3", "-I", stolen, b.address))


def test_a_vport_that_is_not_active_neither_sends_nor_gets(lab: Lab, open_domain: Domain) -> None:
    a, b = open_domain.attach("east1"), open_domain.attach("west1")
    assert a.pings(b)
    open_domain.update(f"vports/{b.vport_id}", active=False)
    wait(lambda: not a.pings(b))
    open_domain.update(f"vports/{b.vport_id}", active=True)
    wait(lambda: a.pings(b))


# --- routes


def test_a_static_route_leads_to_what_is_behind_a_container(lab: Lab, open_domain: Domain) -> None:
    a, router = open_domain.attach("east1"), open_domain.attach("west1", spoofing="ENABLED")
    poses_as(router, "192.0.2.7")
    assert not a.pings("192.0.2.7")
    plan = {"address": "192.0.2.0", "netmask": "255.255.255.0", "IPType": "IPV4"}
    route = open_domain.create(f"domains/{open_domain.id}/staticroutes", nextHopIp=router.address, **plan)
    wait(lambda: a.pings("192.0.2.7"))
    open_domain.delete(f"staticroutes/{route}")
    wait(lambda: not a.pings("192.0.2.7"))


def test_a_black_hole_swallows_what_a_wider_route_would_carry(lab: Lab, open_domain: Domain) -> None:
    a, router = open_domain.attach("east1"), open_domain.attach("west1", spoofing="ENABLED")
    for address in ("192.0.2.7", "192.0.2.200"):
        poses_as(router, address)
    routes = f"domains/{open_domain.id}/staticroutes"
    open_domain.create(routes, nextHopIp=router.address, address="192.0.2.0", netmask="255.255.255.0")
    wait(lambda: a.pings("192.0.2.7") and a.pings("192.0.2.200"))
    open_domain.create(routes, blackHoleEnabled=True, address="192.0.2.128", netmask="255.255.255.128")
    wait(lambda: not a.pings("192.0.2.200"))
    assert a.pings("192.0.2.7")


# --- DHCP


def test_dhcp_gives_the_address_that_vsd_decided_and_the_options_of_the_subnet(
    lab: Lab, domain: Domain, tmp_path: Path
) -> None:
    """No policy is there: DHCP is VRS's own business."""
    options = f"subnets/{domain.ids['east1']}/dhcpoptions"
    domain.create(options, actualType=6, actualValues=["192.0.2.53", "192.0.2.54"])
    domain.create(options, actualType=15, actualValues=["example.org"])
    domain.create(f"zones/{domain.ids['east']}/dhcpoptions", actualType=26, actualValues=["1380"])
    a = domain.attach("east1")
    script = tmp_path / "say"
    script.write_text('#!/bin/sh\n[ "$1" = bound ] && echo "$ip/$mask $router $mtu $dns $domain" >"$0.heard"\nexit 0\n')
    script.chmod(0o755)
    a.run("ip", "address", "flush", "dev", "eth0")
    a.run("busybox", "udhcpc", "-i", "eth0", "-q", "-n", "-f", "-t", "5", "-T", "1", "-O", "mtu", "-s", str(script))
    gateway = a.address.rsplit(".", 1)[0] + ".1"
    heard = script.with_name("say.heard").read_text().split()
    assert heard == [f"{a.address}/24", gateway, "1380", "192.0.2.53", "192.0.2.54", "example.org"]


def test_a_subnet_where_dhcp_is_off_answers_nobody(lab: Lab, domain: Domain) -> None:
    domain.update(f"subnets/{domain.ids['east2']}", enableDHCPv4=False)
    a = domain.attach("east2")
    assert not a.tries("busybox", "udhcpc", "-i", "eth0", "-q", "-n", "-f", "-t", "2", "-T", "1", "-s", "/bin/true")


# --- the way out


def heard_outside(lab: Lab, workload: Workload) -> str | None:
    """The address that a server outside of the overlay sees `workload` come from; None when it does not come."""

    def serve() -> socket.socket:
        s = socket.create_server((OUTSIDE, 0))
        s.settimeout(0.5)
        return s

    with place.inside(lab.netns, serve, 5) as server:
        port = server.getsockname()[1]

        def connect() -> None:
            with contextlib.suppress(OSError), socket.create_connection((OUTSIDE, port), 0.4):
                pass

        workload.inside(connect)
        with contextlib.suppress(TimeoutError):
            client, (address, _) = server.accept()
            client.close()
            return str(address)
    return None


def test_pat_leads_a_subnet_out_under_one_address_and_no_other_subnet(lab: Lab, open_domain: Domain) -> None:
    a, b, inner = (open_domain.attach(s) for s in ("east1", "east2", "west1"))
    assert heard_outside(lab, a) is None
    open_domain.update(f"subnets/{open_domain.ids['west1']}", PATEnabled="DISABLED")
    open_domain.update(f"domains/{open_domain.id}", PATEnabled="ENABLED")
    wait(lambda: heard_outside(lab, a) is not None, 5)
    seen = heard_outside(lab, a)
    assert ipaddress.ip_address(seen or "") in ipaddress.ip_network("198.18.0.0/15")
    assert heard_outside(lab, b) == seen, "the domain has one address"
    assert heard_outside(lab, inner) is None
    assert a.pings(inner), "what stays inside is not translated"
    open_domain.update(f"domains/{open_domain.id}", PATEnabled="DISABLED")
    wait(lambda: heard_outside(lab, a) is None)


def test_a_floating_ip_leads_out_and_in(lab: Lab, open_domain: Domain) -> None:
    shared = {"type": "FLOATING", "address": "203.0.113.0", "netmask": "255.255.255.0", "gateway": "203.0.113.1"}
    pool = open_domain.create("sharednetworkresources", name=f"float {open_domain.name}", **shared)
    floating = open_domain.create(
        f"domains/{open_domain.id}/floatingips", associatedSharedNetworkResourceID=pool, address="203.0.113.10"
    )
    lab.run("ip", "-n", lab.netns, "route", "replace", "203.0.113.0/24", "dev", "alubr0ext")
    a, beside = open_domain.attach("east1"), open_domain.attach("east1")
    open_domain.update(f"vports/{a.vport_id}", associatedFloatingIPID=floating)
    wait(lambda: heard_outside(lab, a) == "203.0.113.10", 5)
    assert heard_outside(lab, beside) is None

    def comes_in() -> bool:
        argv = ["nsenter", f"--net=/run/netns/{lab.netns}", "ping", "-c1", "-W0.5", "203.0.113.10"]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    wait(comes_in)
    open_domain.update(f"vports/{a.vport_id}", associatedFloatingIPID=None)
    wait(lambda: not comes_in())


# --- redirection


def test_a_redirection_target_gets_what_an_entry_sends_its_way(lab: Lab, open_domain: Domain) -> None:
    a, server = open_domain.attach("east1"), open_domain.attach("west1")
    middle = open_domain.attach("east2", spoofing="ENABLED")
    target = open_domain.create(
        f"domains/{open_domain.id}/redirectiontargets", name="middle", endPointType="L3", redundancyEnabled=False
    )
    open_domain.assign(f"vports/{middle.vport_id}/redirectiontargets", target)
    middle.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")
    middle.run("sysctl", "-qw", "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.conf.all.send_redirects=0")

    def hops() -> int:
        """64 less one for each router on the way."""
        out = a.run("ping", "-c1", "-W1", server.address)
        return int(out.split("ttl=")[1].split()[0])

    assert hops() == 63
    template = open_domain.create(f"domains/{open_domain.id}/ingressadvfwdtemplates", name="steer", active=True)
    seen = forwarded(middle)
    open_domain.create(
        f"ingressadvfwdtemplates/{template}/ingressadvfwdentrytemplates",
        action="REDIRECT",
        redirectVPortTagID=target,
        etherType="0x0800",
        protocol="1",
        DSCP="*",
        locationType="SUBNET",
        locationID=open_domain.ids["east1"],
        networkType="ANY",
        priority=1,
    )

    def passes_the_middle() -> bool:
        return a.pings(server) and forwarded(middle) > seen

    wait(passes_the_middle)


def forwarded(workload: Workload) -> int:
    """How many packets a container has forwarded."""
    lines = [line.split() for line in workload.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Ip:")]
    return int(dict(zip(*lines, strict=True))["ForwDatagrams"])
