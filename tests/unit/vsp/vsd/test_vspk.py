"""The vendor's SDK, unchanged, against the server over HTTPS: both API versions, password and client certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bambou.exceptions import BambouHTTPError

from nuage_chain.vsp.vsd.behaviour import behaviour_of
from nuage_chain.vsp.vsd.tls import issue_client
from tests.unit.vsp.vsd.sdk import Sdk, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuage_chain.vsp.vsd.server import VsdServer
    from tests.unit.vsp.vsd.conftest import Clock

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


@pytest.fixture(params=["v6", "v5_0"])
def sdk(request: pytest.FixtureRequest, server: VsdServer) -> Sdk:
    return Sdk(request.param, server.url)


def test_the_sdk_logs_in_with_a_password_and_gets_an_api_key(sdk: Sdk) -> None:
    user = sdk.start()
    assert user.user_name == "csproot"
    assert user.enterprise_name == "CSP"
    assert user.role == "CSPROOT"
    assert len(user.api_key) == 40


def test_the_sdk_builds_finds_and_deletes_a_topology(sdk: Sdk) -> None:
    user = sdk.start()
    made = build(sdk, user)
    found = user.enterprises.get_first(filter='name == "Acme"')
    assert found.id == made["enterprise"].id
    assert found.domains.get_first(filter='name == "Shop"').id == made["domain"].id
    assert made["domain"].zones.get_first(filter='name == "nothing"') is None
    assert made["domain"].subnets.get_count() == 1
    subnet = made["zone"].subnets.get_first(filter='name == "web"')
    assert (subnet.address, subnet.netmask, subnet.gateway) == ("10.10.1.0", "255.255.255.0", "10.10.1.1")
    found.delete()
    assert user.enterprises.get() == []
    assert user.domains.get_count() == 0


def test_the_sdk_attaches_a_container_with_policy_groups_and_a_redirection_target(sdk: Sdk) -> None:
    vspk, user = sdk.vspk, sdk.start()
    made = build(sdk, user)
    groups = [vspk.NUPolicyGroup(name=name, type="SOFTWARE") for name in ("web", "db")]
    for group in groups:
        made["domain"].create_child(group)
    target = vspk.NURedirectionTarget(name="rt", end_point_type="L3")
    made["domain"].create_child(target)
    vport = vspk.NUVPort(name="nu0", type="CONTAINER", address_spoofing="INHERITED")
    made["subnet"].create_child(vport)
    vport.assign(groups, vspk.NUPolicyGroup)
    vport.assign([target], vspk.NURedirectionTarget)
    interface = vspk.NUContainerInterface(name="nu0", mac="7a:42:11:22:33:44", vport_id=vport.id)
    container = vspk.NUContainer(name="web-1", uuid="ab" * 32, interfaces=[interface.to_dict()])
    user.create_child(container)

    assert {group.name for group in vport.policy_groups.get()} == {"web", "db"}
    assert [vport.id for vport in groups[0].vports.get()] == [vport.id]
    assert [row.name for row in vport.redirection_targets.get()] == ["rt"]
    (seen,) = made["enterprise"].containers.get()
    assert seen.status == "INIT"
    assert seen.interfaces[0]["IPAddress"] == "10.10.1.2"
    assert seen.subnet_ids == [made["subnet"].id]
    (plugged,) = made["zone"].container_interfaces.get()
    assert (plugged.ip_address, plugged.network_name, plugged.zone_name) == ("10.10.1.2", "web", "front")
    vport.assign([], vspk.NUPolicyGroup)
    assert vport.policy_groups.get() == []

    with pytest.raises(BambouHTTPError, match="409"):
        vport.delete()
    container.delete()
    vport.delete()
    assert user.containers.get_count() == 0
    assert made["subnet"].vports.get_count() == 0


def test_the_sdk_saves_and_fetches_what_it_changed(sdk: Sdk) -> None:
    made = build(sdk, sdk.start())
    zone = made["zone"]
    zone.description = "the front"
    zone.save()
    zone.description = None
    zone.fetch()
    assert zone.description == "the front"


def test_the_sdk_creates_many_children_at_once(server: VsdServer) -> None:
    sdk = Sdk("v6", server.url)
    made = build(sdk, sdk.start())
    made["domain"].create_children([sdk.vspk.NUZone(name=name) for name in ("back", "front", "side")])
    assert {zone.name for zone in made["domain"].zones.get()} == {"front", "back", "side"}


def test_a_wrong_password_is_refused_as_unauthorized(server: VsdServer) -> None:
    with pytest.raises(BambouHTTPError, match=r"HTTP 401\(Unauthorized\)"):
        Sdk("v6", server.url, "wrong").start()


def test_an_expired_key_is_refused_until_the_next_login(server: VsdServer, clock: Clock) -> None:
    sdk = Sdk("v6", server.url)
    user = sdk.start()
    clock.now += 24 * 3600 + 1
    with pytest.raises(BambouHTTPError, match="401"):
        user.enterprises.get()
    sdk.session.reset()
    assert sdk.start().enterprises.get() == []


def test_an_expired_key_is_renewed_by_the_sdk_itself_where_the_server_says_so(
    make_server: Callable[..., VsdServer], clock: Clock
) -> None:
    server = make_server(behaviour=behaviour_of(["expired_key=419"]))
    sdk = Sdk("v6", server.url)
    user = sdk.start()
    user.create_child(sdk.vspk.NUEnterprise(name="Acme"))
    before = user.api_key
    clock.now += 24 * 3600 + 1
    assert [row.name for row in user.enterprises.get()] == ["Acme"]
    assert sdk.session.user.api_key != before
    server.expire_keys()
    clock.now += 1
    user.create_child(sdk.vspk.NUEnterprise(name="Other"))
    assert user.enterprises.get_count() == 2


def test_the_sdk_logs_in_with_a_client_certificate(server: VsdServer, tls_dir: Path) -> None:
    pair = issue_client(tls_dir, "csproot", "CSP")
    sdk = Sdk("v6", server.cert_url, None, certificate=(str(pair.certificate), str(pair.key)))
    user = sdk.start()
    assert user.user_name == "csproot"
    user.create_child(sdk.vspk.NUEnterprise(name="Acme"))
    assert [row.name for row in user.enterprises.get()] == ["Acme"]


def test_the_sdk_acts_for_a_tenant(server: VsdServer) -> None:
    sdk = Sdk("v6", server.url)
    root = sdk.start()
    made = build(sdk, root)
    details = {"password": "pw", "first_name": "b", "last_name": "b", "email": "b@x"}
    bob = sdk.vspk.NUUser(user_name="bob", **details)
    made["enterprise"].create_child(bob)
    everybody = made["enterprise"].groups.get_first(filter='name == "Everybody"')
    permission = sdk.vspk.NUPermission(associated_group_id=everybody.id, permitted_action="USE")
    made["zone"].create_child(permission)
    sdk.session.impersonate("bob", "Acme")
    interface = {"MAC": "7a:42:11:22:33:44", "attachedNetworkID": made["subnet"].id}
    container = sdk.vspk.NUContainer(name="c", uuid="ab" * 32, interfaces=[interface])
    root.create_child(container)
    assert (container.user_name, container.enterprise_name, container.owner) == ("bob", "Acme", bob.id)


def test_the_store_survives_a_restart(make_server: Callable[..., VsdServer]) -> None:
    first = make_server()
    sdk = Sdk("v6", first.url)
    user = sdk.start()
    build(sdk, user)
    first.stop()
    again = Sdk("v6", make_server(password=None).url)
    assert [row.name for row in again.start().subnets.get()] == ["web"]
