from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.vsp.vsd.conftest import Rest, Topology

VPORT = {"name": "v", "type": "CONTAINER", "addressSpoofing": "INHERITED"}
BOB = "bob@Acme"


@pytest.fixture
def bob(topology: Topology) -> str:
    """A user of Acme with no role of its own."""
    return topology.make_user("bob")


def status(rest: Rest, method: str, path: str, body: object = None, user: str = BOB) -> int:
    return rest.call(method, path, body, ProxyUser=user).status_code


@pytest.mark.parametrize(
    ("action", "attach", "widen"),
    [(None, 403, 403), ("READ", 403, 403), ("USE", 201, 403), ("EXTEND", 201, 201), ("ALL", 201, 201)],
)
@pytest.mark.parametrize("place", ["zone", "domain"])
@pytest.mark.usefixtures("bob")
def test_a_user_attaches_and_widens_where_a_group_of_its_may(
    rest: Rest, topology: Topology, place: str, action: str | None, attach: int, widen: int
) -> None:
    if action is not None:
        topology.permit("Everybody", f"{place}s/{getattr(topology, place)}", action)
    container = {
        "name": "c",
        "UUID": "1",
        "interfaces": [{"MAC": "7a:42:11:22:33:44", "attachedNetworkID": topology.subnet}],
    }
    subnet = {"name": "more", "address": "10.10.7.0", "netmask": "255.255.255.0"}
    assert status(rest, "POST", f"subnets/{topology.subnet}/vports", VPORT) == attach
    assert status(rest, "POST", "containers", container) == attach
    assert status(rest, "POST", f"zones/{topology.zone}/subnets", subnet) == widen


@pytest.mark.usefixtures("bob")
def test_a_permission_is_for_its_group_and_ends_with_it(rest: Rest, topology: Topology) -> None:
    eve = topology.make_user("eve")
    group = rest.make(f"enterprises/{topology.enterprise}/groups", name="Crew")["ID"]
    rest.call("PUT", f"groups/{group}/users", [eve])
    permission = rest.make(f"zones/{topology.zone}/permissions", associatedGroupID=group, permittedAction="USE")["ID"]
    path = f"subnets/{topology.subnet}/vports"
    assert status(rest, "POST", path, VPORT) == 403
    assert status(rest, "POST", path, VPORT, "eve@Acme") == 201
    rest.call("DELETE", f"permissions/{permission}")
    assert status(rest, "POST", path, {**VPORT, "name": "w"}, "eve@Acme") == 403


@pytest.mark.usefixtures("bob")
def test_what_others_run_is_theirs_and_ones_own_is_ones_own(rest: Rest, topology: Topology) -> None:
    theirs = topology.make_container("1")["ID"]
    assert status(rest, "DELETE", f"containers/{theirs}") == 403
    permission = topology.permit("Everybody", f"zones/{topology.zone}", "USE")
    body = {
        "name": "c",
        "UUID": "2",
        "interfaces": [{"MAC": "7a:42:11:22:33:45", "attachedNetworkID": topology.subnet}],
    }
    own = rest.call("POST", "containers", body, ProxyUser=BOB).json()[0]["ID"]
    rest.call("DELETE", f"permissions/{permission}")
    assert status(rest, "DELETE", f"containers/{own}") == 204


@pytest.mark.usefixtures("bob")
def test_membership_of_a_vport_takes_the_permission_on_its_zone(rest: Rest, topology: Topology) -> None:
    vport = topology.make_vport("v")
    group = rest.make(f"domains/{topology.domain}/policygroups", name="g", type="SOFTWARE")["ID"]
    path = f"vports/{vport}/policygroups"
    assert status(rest, "PUT", path, [group]) == 403
    topology.permit("Everybody", f"zones/{topology.zone}", "USE")
    assert status(rest, "PUT", path, [group]) == 204


@pytest.mark.usefixtures("bob")
def test_a_domain_is_instantiated_by_designers_and_those_who_may(rest: Rest, topology: Topology) -> None:
    topology.make_user("dan", "Network Designer")
    path, body = f"enterprises/{topology.enterprise}/domains", {"name": "mine", "templateID": topology.template}
    assert status(rest, "POST", path, body) == 403
    assert status(rest, "POST", path, body, "dan@Acme") == 201
    topology.permit("Everybody", f"domaintemplates/{topology.template}", "INSTANTIATE")
    assert status(rest, "POST", path, {**body, "name": "own"}) == 201
    assert status(rest, "POST", f"enterprises/{topology.enterprise}/l2domains", {"name": "l2"}) == 403


@pytest.mark.parametrize(
    ("path", "body", "roles"),
    [
        ("enterprises", {"name": "Other"}, {"csproot"}),
        ("sharednetworkresources", {"name": "s"}, {"csproot"}),
        ("enterprises/{enterprise}/groups", {"name": "g"}, {"csproot", "ann"}),
        ("zones/{zone}/permissions", {"permittedAction": "USE"}, {"csproot", "ann"}),
        ("domains/{domain}/zones", {"name": "z"}, {"csproot", "ann", "dan"}),
        ("domains/{domain}/ingressacltemplates", {"name": "t"}, {"csproot", "ann", "dan"}),
        ("enterprises/{enterprise}/enterprisenetworks", {"name": "m"}, {"csproot", "ann", "dan"}),
    ],
)
@pytest.mark.usefixtures("bob")
def test_roles_say_who_makes_what(
    rest: Rest, topology: Topology, path: str, body: dict[str, Any], roles: set[str]
) -> None:
    topology.make_user("ann", "Administrators")
    topology.make_user("dan", "Network Designer")
    where = path.format(enterprise=topology.enterprise, domain=topology.domain, zone=topology.zone)
    for user in ("bob", "dan", "ann"):
        allowed = status(rest, "POST", where, {**body, "name": user}, f"{user}@Acme") != 403
        assert allowed == (user in roles)
    assert rest.call("POST", where, body).status_code != 403


def test_a_restricted_shared_network_is_for_the_enterprises_it_names(rest: Rest, topology: Topology) -> None:
    body = {"name": "out", "type": "FLOATING", "address": "203.0.113.0", "netmask": "255.255.255.0"}
    shared = rest.make("sharednetworkresources", **body, accessRestrictionEnabled=True)["ID"]
    path, wish = f"domains/{topology.domain}/floatingips", {"associatedSharedNetworkResourceID": shared}
    assert rest.refused("POST", path, wish)[0] == 403
    grant = {"permittedEntityID": topology.enterprise, "permittedAction": "USE"}
    rest.make(f"sharednetworkresources/{shared}/enterprisepermissions", **grant)
    assert rest.refused("POST", f"sharednetworkresources/{shared}/enterprisepermissions", grant)[:2] == (409, 4504)
    rest.make(path, **wish)
