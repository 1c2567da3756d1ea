from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuage_chain.vsp.vsd.addressing import Address, Network, Pool, claim, network_of, parse_network, search_afresh
from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.refusal import Code, Refusal
from nuage_chain.vsp.vsd.store import Store

NETWORK = IPv4Network("10.0.0.0/27")
GATEWAY = IPv4Address("10.0.0.1")


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> Entities:
    return Entities(Store(tmp_path_factory.mktemp("store") / "vsd.db"))


hosts = st.integers(int(NETWORK[0]), int(NETWORK[-1])).map(IPv4Address)


@settings(max_examples=60, deadline=None)
@given(
    ranges=st.lists(st.tuples(hosts, hosts).map(lambda pair: (min(pair), max(pair))), max_size=3),
    reserved=st.sets(hosts, max_size=4),
    taken=st.sets(hosts, max_size=8),
)
def test_addresses_are_given_lowest_first_until_none_is_left(
    ranges: list[tuple[Address, Address]], reserved: set[Address], taken: set[Address]
) -> None:
    subnet = Entity("subnet", {"ID": str(id(object())), "name": "s"})
    pool = Pool(Network(subnet, NETWORK, GATEWAY), ranges, dict.fromkeys(reserved, "aa"))
    ordinary = {host for host in NETWORK.hosts() if host != GATEWAY}
    in_ranges = {
        host for host in ordinary if not ranges or any(low.packed <= host.packed <= high.packed for low, high in ranges)
    }
    SHARED.store.run("DELETE FROM addresses")
    search_afresh(SHARED, subnet.id)
    for host in taken & ordinary - reserved:
        claim(SHARED, pool, "IPAddress", "x", "bb", host)
    expected = sorted(in_ranges - reserved - taken)
    assert [claim(SHARED, pool, "IPAddress", "x", "bb", None) for _ in expected] == expected
    with pytest.raises(Refusal) as caught:
        claim(SHARED, pool, "IPAddress", "x", "bb", None)
    assert caught.value.internal_code == Code.SUBNET_FULL
    freed = sorted(taken & set(expected) or expected[::2])
    for host in freed:
        SHARED.store.run("DELETE FROM addresses WHERE address = ?", (host.packed,))
    assert [claim(SHARED, pool, "IPAddress", "x", "bb", None) for _ in freed] == freed


@pytest.fixture(scope="module", autouse=True)
def _shared(entities: Entities) -> None:
    global SHARED  # hypothesis takes no fixtures that are narrower than its examples
    SHARED = entities


SHARED: Entities


@pytest.mark.parametrize(
    ("text", "version", "status"),
    [
        ("10.0.0.1/24", 4, 409),
        ("10.0.0.0/31", 4, 409),
        ("2001:db8::/127", 6, 409),
        ("2001:db8::1/64", 6, 409),
        ("10.0.0.0/24", 6, 400),
        ("10.0.0.0/33", 4, 400),
        ("None/None", 4, 400),
    ],
)
def test_a_network_has_to_be_one(text: str, version: int, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        parse_network("address", text, version)
    assert caught.value.status == status


def test_a_subnet_has_the_sides_that_its_type_says() -> None:
    plan = {"ID": "s", "address": "10.0.0.0", "netmask": "255.255.255.0", "IPv6Address": "2001:db8::/64"}
    for kind, sides in (("IPV4", (True, False)), ("IPV6", (False, True)), ("DUALSTACK", (True, True))):
        subnet = Entity("subnet", {**plan, "IPType": kind})
        assert tuple(network_of(subnet, version) is not None for version in (4, 6)) == sides
