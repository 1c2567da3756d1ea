"""The address plan of a subnet or L2 domain, and who holds which address of it (contract vsd-rest.md, section 2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.refusal import Code, bad_request, conflict

Address = IPv4Address | IPv6Address
_ANYBODY = "anybody"
_LONGEST = {4: 30, 6: 126}


@dataclass(frozen=True)
class Network:
    """One address family of a subnet or L2 domain."""

    owner: Entity
    network: IPv4Network | IPv6Network
    gateway: Address | None

    def __str__(self) -> str:
        return f"{self.owner.kind} {self.owner.get('name')} ({self.network})"

    @property
    def ledger(self) -> str:
        """See ledger_of."""
        return ledger_of(self.owner)

    @property
    def first_host(self) -> Address:
        """The address after the network's own."""
        return self.network[1]

    def special(self) -> set[Address]:
        """What no interface may have: the network's own address, IPv4's broadcast and the gateway."""
        found = {self.network.network_address, *([self.gateway] if self.gateway else [])}
        return found | {self.network.broadcast_address} if self.network.version == 4 else found

    def refuse_special(self, prop: str, address: Address) -> None:
        """Raises Refusal (409) for an address that is outside or that no interface may have."""
        if address not in self.network:
            raise conflict(prop, "Invalid IP address", f"The address {address} is outside the {self}.")
        if address == self.gateway:
            description = f"The address {address} is the gateway of the {self}."
            raise conflict(prop, "IP address in use", description, Code.ADDRESS_IN_USE)
        if address in self.special():
            description = f"The address {address} is the network or broadcast address of the {self}."
            raise conflict(prop, "Invalid IP address", description)


@dataclass(frozen=True)
class Pool:
    """What may be given away: the ranges (the whole network where there are none) and what is kept for single MACs.

    `anybody` instead of a MAC: for whoever asks for the address by name.
    """

    network: Network
    ranges: Sequence[tuple[Address, Address]] = ()
    reserved: Mapping[Address, str] = field(default_factory=dict)


def ledger_of(owner: Entity) -> str:
    """The ID under which addresses are given away: subnets of one shared network have one between them."""
    shared = owner.get("associatedSharedNetworkResourceID") if owner.kind == "subnet" else None
    return str(shared or owner.id)


def parse_address(prop: str, text: object, version: int) -> Address:
    """Raises Refusal (400) when the text is no address of that family; a prefix length after it is dropped."""
    try:
        address = ip_address(str(text).partition("/")[0])
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise bad_request(prop, f"{text!r} is not an IPv{version} address.")
    return address


def parse_prefix(prop: str, text: str, version: int) -> IPv4Network | IPv6Network:
    """A prefix of any length, a single host included.

    Raises Refusal: 400 when it cannot be read, 409 when it has host bits.
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or network.version != version:
        raise bad_request(prop, f"{text!r} is not an IPv{version} network.")
    if str(network.network_address) != str(ip_address(text.partition("/")[0])):
        raise conflict(prop, "Invalid network", f"{text} has host bits set; the network would be {network}.")
    return network


def parse_network(prop: str, text: str, version: int) -> IPv4Network | IPv6Network:
    """A network such as 10.0.0.0/255.255.255.0 or 2001:db8::/64.

    Raises Refusal: 400 when it cannot be read, 409 when it has host bits or no room for hosts.
    """
    network = parse_prefix(prop, text, version)
    if network.prefixlen > _LONGEST[version]:
        raise conflict(prop, "Invalid network", f"{network} has no room for hosts.")
    return network


def network_of(entity: Entity, version: int) -> Network | None:
    """The IPv4 or IPv6 side of a subnet or L2 domain; None where it has none.

    Raises Refusal when what it says of itself makes no sense.
    """
    kind = entity.get("IPType") or "IPV4"
    if version == 4:
        address, gateway, wrong = entity.get("address"), entity.get("gateway"), "IPV6"
        text = f"{address}/{entity.get('netmask')}"
    else:
        address, gateway, wrong = entity.get("IPv6Address"), entity.get("IPv6Gateway"), "IPV4"
        text = str(address)
    if kind == wrong or address is None:
        return None
    prop, gateway_prop = ("address", "gateway") if version == 4 else ("IPv6Address", "IPv6Gateway")
    network = parse_network(prop, text, version)
    return Network(entity, network, parse_address(gateway_prop, gateway, version) if gateway else None)


def pool_of(entities: Entities, network: Network) -> Pool:
    """What a network gives away, its ranges and reservations considered."""
    version = network.network.version
    wanted = "IPV6" if version == 6 else "IPV4"
    ranges = [
        (ip_address(row.values["minAddress"]), ip_address(row.values["maxAddress"]))
        for row in entities.children(network.owner.id, "addressrange")
        if (row.get("IPType") or "IPV4") == wanted
    ]
    reserved = _for_machines(entities, network)
    if version == 4:
        for row in entities.children(network.owner.id, "ipreservation"):
            reserved[ip_address(row.values["IPAddress"])] = str(row.values["MAC"]).lower()
    return Pool(network, ranges, reserved)


def _for_machines(entities: Entities, network: Network) -> dict[Address, str]:
    attribute = f"IPV{network.network.version}Address"
    rows = entities.children(network.owner.id, "vmipreservation")
    return {ip_address(row.values[attribute]): _ANYBODY for row in rows if row.get(attribute)}


def claim(entities: Entities, pool: Pool, prop: str, holder_id: str, mac: str, wanted: Address | None) -> Address:
    """Give an address to an interface: the wanted one, the one reserved for its MAC, or the lowest that is free.

    Raises Refusal: 2704 when it is taken, 2702 when none is left.
    """
    address = wanted if wanted is not None else _reserved_for(entities, pool, mac) or _lowest_free(entities, pool)
    if address is None:
        description = f"No address is left in the {pool.network}."
        raise conflict(prop, "Subnet full", description, Code.SUBNET_FULL)
    pool.network.refuse_special(prop, address)
    if pool.reserved.get(address, mac.lower()) not in {mac.lower(), _ANYBODY} or _held(entities, pool, address):
        description = f"The address {address} in the {pool.network} is already in use."
        raise conflict(prop, "IP address in use", description, Code.ADDRESS_IN_USE)
    entities.store.run("INSERT INTO addresses VALUES (?, ?, ?)", (pool.network.ledger, address.packed, holder_id))
    return address


def holder(entities: Entities, network_id: str, address: Address) -> str | None:
    """The ID of the interface that holds an address."""
    row = entities.store.row(
        "SELECT owner_id FROM addresses WHERE network_id = ? AND address = ?", (network_id, address.packed)
    )
    return str(row[0]) if row else None


def _held(entities: Entities, pool: Pool, address: Address) -> bool:
    return holder(entities, pool.network.ledger, address) is not None


def _reserved_for(entities: Entities, pool: Pool, mac: str) -> Address | None:
    for address, owner in pool.reserved.items():
        if owner == mac.lower() and not _held(entities, pool, address):
            return address
    return None


def _lowest_free(entities: Entities, pool: Pool) -> Address | None:
    """The table `lowest` keeps an address below which none is free, so that a full subnet is not walked each time."""
    whole, kind = pool.network.network, type(pool.network.network.network_address)
    key = (pool.network.ledger, len(whole.network_address.packed))
    row = entities.store.row("SELECT address FROM lowest WHERE network_id = ? AND size = ?", key)
    alone = pool.network.ledger == pool.network.owner.id
    begin = int.from_bytes(row[0], "big") if row and alone else 0
    never = pool.network.special() | set(pool.reserved)
    for low, high in sorted(pool.ranges or [(whole[0], whole[-1])], key=lambda pair: int(pair[0])):
        for number in range(max(int(low), begin), int(high) + 1):
            address = kind(number)
            if address not in never and not _held(entities, pool, address):
                entities.store.run("INSERT OR REPLACE INTO lowest VALUES (?, ?, ?)", (*key, address.packed))
                return address
    return None


def search_afresh(entities: Entities, network_id: str) -> None:
    """What a network gives away has changed: look for free addresses from its first one on."""
    entities.store.run("DELETE FROM lowest WHERE network_id = ?", (network_id,))
