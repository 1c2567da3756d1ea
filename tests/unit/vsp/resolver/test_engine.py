"""The plan is carried out on tables in memory, as OVSDB would, and looked at afterwards."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from nuage_chain.vsp.resolver import engine
from nuage_chain.vsp.resolver.binding import Binding, Network
from nuage_chain.vsp.resolver.ovsdb import as_list, decoded

WEB = Network("s-web", "web", "d-shop", "Shop", "255.255.255.0", 24, "10.10.1.1", 1, 2)
DB = Network("s-db", "db", "d-shop", "Shop", "255.255.255.0", 24, "10.10.3.1", 1, 3)
LAB = Network("s-lab", "web", "d-lab", "Lab", "255.255.255.0", 24, "10.10.1.1", 4, 5)
L2 = Network("s-l2", "l2", None, "", "255.255.255.0", 24, "10.10.1.1", 4, 5)
A = Binding("nu1", "ab" * 32, "7a:42:00:00:00:01", "vp-a", "c1", "i1", "10.10.1.2", WEB)
B = Binding("nu2", "cd" * 32, "7a:42:00:00:00:02", "vp-b", "c2", "i2", "10.10.3.2", DB)
NODE = "node-1"


class Northbound:
    """OVSDB's semantics as far as the engine uses them: uuid-names, mutations of sets, ports nobody refers to."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in engine.COLUMNS}
        self._ids = itertools.count(1)

    def run(self, operations: list[dict[str, Any]]) -> int:
        names = {o["uuid-name"]: f"u{next(self._ids)}" for o in operations if o["op"] == "insert"}
        assert len(names) == sum(o["op"] == "insert" for o in operations), "uuid-names are unique"
        for operation in operations:
            self._run(operation, names)
        for parent, child in [("Logical_Switch", "Logical_Switch_Port"), ("Logical_Router", "Logical_Router_Port")]:
            kept = {p for row in self.tables[parent].values() for p in as_list(row["ports"])}
            self.tables[child] = {i: row for i, row in self.tables[child].items() if i in kept}
        return len(operations)

    def _run(self, operation: dict[str, Any], names: dict[str, str]) -> None:
        table = self.tables[operation["table"]]
        if operation["op"] == "insert":
            row = {column: decoded(value) for column, value in operation["row"].items()}
            assert row["name"] not in [r["name"] for r in table.values()], "names are unique in a table"
            table[names[operation["uuid-name"]]] = {"ports": [], **row}
            return
        ((_, _, reference),) = operation["where"]
        row_id = names[reference[1]] if reference[0] == "named-uuid" else reference[1]
        if operation["op"] == "delete":
            del table[row_id]
        elif operation["op"] == "update":
            table[row_id] |= {column: decoded(value) for column, value in operation["row"].items()}
        else:
            for column, change, value in operation["mutations"]:
                ids = {names[r[1]] if r[0] == "named-uuid" else r[1] for r in value[1]}
                now = set(as_list(table[row_id][column]))
                table[row_id][column] = sorted(now | ids if change == "insert" else now - ids)

    def plan(self, *bindings: Binding, undecided: set[str] | None = None, node: str = NODE) -> int:
        return self.run(engine.plan(self.tables, bindings, undecided or set(), node))

    def names(self, table: str) -> set[str]:
        return {row["name"] for row in self.tables[table].values()}

    def named(self, table: str, name: str) -> dict[str, Any]:
        return next(row for row in self.tables[table].values() if row["name"] == name)

    def ports_of(self, table: str, name: str) -> set[str]:
        child = "Logical_Switch_Port" if table == "Logical_Switch" else "Logical_Router_Port"
        return {self.tables[child][i]["name"] for i in as_list(self.named(table, name)["ports"])}


def test_a_domain_is_a_router_a_subnet_a_switch_and_a_vport_a_port() -> None:
    north = Northbound()
    north.plan(A, B)
    assert north.names("Logical_Router") == {"d-shop"}
    assert north.names("Logical_Switch") == {"s-web", "s-db"}
    assert north.ports_of("Logical_Router", "d-shop") == {"s-web-gateway", "s-db-gateway"}
    assert north.ports_of("Logical_Switch", "s-web") == {"s-web-router", "vp-a"}
    assert north.named("Logical_Switch_Port", "vp-a")["addresses"] == ["7a:42:00:00:00:01 10.10.1.2"]
    assert north.named("Logical_Router_Port", "s-web-gateway")["networks"] == ["10.10.1.1/24"]


def test_a_switch_port_and_its_router_port_have_different_names() -> None:
    """The southbound database has one name space for both: with one name routing would silently not work."""
    north = Northbound()
    north.plan(A, B)
    assert not north.names("Logical_Switch_Port") & north.names("Logical_Router_Port")
    side = north.named("Logical_Switch_Port", "s-web-router")
    assert side["options"] == {"router-port": "s-web-gateway"}


def test_two_domains_with_the_same_addresses_have_routers_of_their_own() -> None:
    north = Northbound()
    north.plan(A, replace(B, network=LAB))
    assert north.ports_of("Logical_Router", "d-shop") == {"s-web-gateway"}
    assert north.ports_of("Logical_Router", "d-lab") == {"s-lab-gateway"}


def test_an_l2_domain_has_no_router() -> None:
    north = Northbound()
    north.plan(replace(A, network=L2))
    assert north.names("Logical_Router") == set()
    assert north.ports_of("Logical_Switch", "s-l2") == {"vp-a"}


def test_what_is_right_is_not_written_again() -> None:
    north = Northbound()
    assert north.plan(A, B) > 0
    assert north.plan(A, B) == 0


@pytest.mark.parametrize(
    ("changed", "column", "value"),
    [
        ({"address": "10.10.1.9"}, "addresses", ["7a:42:00:00:00:01 10.10.1.9"]),
        ({"address6": "2001:db8::2"}, "addresses", ["7a:42:00:00:00:01 10.10.1.2 2001:db8::2"]),
        ({"spoofing": True}, "port_security", []),
        ({"spoofing": True}, "addresses", ["7a:42:00:00:00:01 10.10.1.2", "unknown"]),
        ({}, "port_security", ["7a:42:00:00:00:01 10.10.1.2"]),
    ],
)
def test_a_change_of_a_vport_is_followed(changed: dict[str, Any], column: str, value: list[str]) -> None:
    north = Northbound()
    north.plan(A)
    assert north.plan(replace(A, **changed)) == (1 if changed else 0)
    assert north.named("Logical_Switch_Port", "vp-a")[column] == value


def test_a_subnet_of_ipv6_alone_has_an_ipv6_gateway_alone() -> None:
    north = Northbound()
    six = replace(WEB, netmask=None, prefix=None, gateway=None, gateway6="2001:db8::1", prefix6=64)
    north.plan(replace(A, address=None, address6="2001:db8::2", network=six))
    assert north.named("Logical_Router_Port", "s-web-gateway")["networks"] == ["2001:db8::1/64"]
    assert north.named("Logical_Switch_Port", "vp-a")["addresses"] == ["7a:42:00:00:00:01 2001:db8::2"]


def test_a_change_of_a_gateway_is_followed() -> None:
    north = Northbound()
    north.plan(A)
    north.plan(replace(A, network=replace(WEB, gateway="10.10.1.254", gateway6="2001:db8::1", prefix6=64)))
    assert north.named("Logical_Router_Port", "s-web-gateway")["networks"] == ["10.10.1.254/24", "2001:db8::1/64"]


def test_a_port_whose_row_is_gone_goes_and_its_neighbours_stay() -> None:
    north = Northbound()
    beside = replace(A, port="nu3", vport_id="vp-c", mac="7a:42:00:00:00:03", address="10.10.1.3")
    north.plan(A, beside)
    north.plan(beside)
    assert north.ports_of("Logical_Switch", "s-web") == {"s-web-router", "vp-c"}


def test_a_port_of_which_nothing_is_known_yet_stays() -> None:
    north = Northbound()
    north.plan(A)
    assert north.plan(undecided={"nu1"}) == 0
    north.plan()
    assert "vp-a" not in north.names("Logical_Switch_Port")


def test_the_ports_of_other_nodes_are_theirs() -> None:
    north = Northbound()
    north.plan(A, node="node-2")
    assert north.plan(B) > 0
    assert {"vp-a", "vp-b"} <= north.names("Logical_Switch_Port")


def test_two_rows_for_one_vport_make_one_port() -> None:
    north = Northbound()
    north.plan(A, replace(A, port="nu9"))
    assert north.ports_of("Logical_Switch", "s-web") == {"s-web-router", "vp-a"}


def test_what_has_no_vport_is_unused_and_can_be_removed() -> None:
    north = Northbound()
    north.plan(A, B)
    assert engine.unused_networks(north.tables) == set()
    north.plan(A)
    assert engine.unused_networks(north.tables) == {"s-db"}
    north.run(engine.removal(north.tables, {"s-db"}, set()))
    assert north.names("Logical_Switch") == {"s-web"}
    assert north.ports_of("Logical_Router", "d-shop") == {"s-web-gateway"}
    assert engine.unused_domains(north.tables) == set()
    north.plan()
    north.run(engine.removal(north.tables, {"s-web"}, set()))
    assert engine.unused_domains(north.tables) == {"d-shop"}
    north.run(engine.removal(north.tables, set(), {"d-shop"}))
    assert all(rows == {} for rows in north.tables.values())


def test_objects_of_others_are_not_ours_to_remove() -> None:
    north = Northbound()
    north.tables["Logical_Switch"]["x"] = {"name": "theirs", "external_ids": {}, "ports": []}
    north.tables["Logical_Router"]["y"] = {"name": "theirs", "external_ids": {}, "ports": []}
    assert engine.unused_networks(north.tables) == set()
    assert engine.unused_domains(north.tables) == set()


def test_a_gateways_mac_is_the_same_everywhere_and_another_for_each_subnet() -> None:
    assert engine.gateway_mac("s-web") == engine.gateway_mac("s-web") != engine.gateway_mac("s-db")
    first = int(engine.gateway_mac("s-web").split(":")[0], 16)
    assert first & 3 == 2, "locally administered, not multicast"
