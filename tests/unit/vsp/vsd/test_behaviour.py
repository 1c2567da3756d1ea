"""Each open question of the contract answered the other way, and what a client sees of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nuage_chain.errors import BadConfig
from nuage_chain.vsp.vsd.behaviour import DEFAULTS, Behaviour, behaviour_of
from nuage_chain.vsp.vsd.tls import issue_client
from tests.unit.vsp.vsd.conftest import Rest, Topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuage_chain.vsp.vsd.server import VsdServer

    Behaving = Callable[..., Topology]


@pytest.fixture
def behaving(make_server: Callable[..., VsdServer], seeded: tuple[Path, str]) -> Behaving:
    """A topology on a server with other settings."""

    def make(*settings: str) -> Topology:
        server = make_server(behaviour=behaviour_of(settings))
        return Topology(Rest(server.url, server.ca, secret=seeded[1]))

    return make


def test_null_may_leave_an_attribute_alone(behaving: Behaving) -> None:
    topology = behaving("null_clears=false")
    path = f"zones/{topology.zone}"
    topology.rest.call("PUT", path, {"description": "front"})
    assert topology.rest.refused("PUT", path, {"description": None})[:2] == (409, 2039)
    assert topology.rest.one(path)["description"] == "front"


def test_unknown_attributes_may_be_refused(behaving: Behaving) -> None:
    topology = behaving("unknown_attributes=refuse")
    assert topology.rest.refused("POST", f"domains/{topology.domain}/zones", {"name": "z", "colour": "red"})[0] == 400
    assert topology.rest.refused("PUT", f"zones/{topology.zone}", {"colour": "red"})[0] == 400


def test_unknown_attributes_of_a_filter_may_be_ignored(behaving: Behaving) -> None:
    topology = behaving("unknown_filter_attributes=ignore")
    assert topology.rest.names("zones", Filter='colour == "red" and name == "front"') == ["front"]


@pytest.mark.parametrize(
    "text", ["name LIKE 'f*'", "name MATCHES 'f.*'", "name IN {'front'}", "name BETWEEN {'a', 'z'}"]
)
def test_the_filter_language_may_be_smaller(behaving: Behaving, rest: Rest, text: str) -> None:
    assert rest.get("zones", Filter=text).status_code == 200
    assert behaving("more_operators=no").rest.get("zones", Filter=text).status_code == 400


def test_a_wrong_organization_may_be_forbidden(behaving: Behaving) -> None:
    topology = behaving("wrong_organization=403")
    topology.rest.session.headers["X-Nuage-Organization"] = "nobody"
    assert topology.rest.get("me").status_code == 403


def test_the_expiry_of_a_key_may_be_in_seconds(behaving: Behaving, rest: Rest) -> None:
    assert rest.one("me")["APIKeyExpiry"] == 1_700_086_400_000
    assert behaving("key_expiry_unit=s").rest.one("me")["APIKeyExpiry"] == 1_700_086_400


def test_a_certificate_may_name_the_user_elsewhere(make_server: Callable[..., VsdServer]) -> None:
    swapped = ("certificate_user=organizationName", "certificate_enterprise=commonName")
    server = make_server(behaviour=behaviour_of(swapped))
    pair = issue_client(server.ca.parent, "CSP", "csproot")
    url, files = f"{server.cert_url}/nuage/api/v6/me", (str(pair.certificate), str(pair.key))
    assert requests.get(url, cert=files, verify=str(server.ca), timeout=5).json()[0]["userName"] == "csproot"


def test_the_enterprise_may_come_first_in_the_proxy_header(behaving: Behaving) -> None:
    topology = behaving("proxy_order=enterprise")
    topology.make_user("bob")
    assert topology.rest.get("me", ProxyUser="Acme@bob").json()[0]["userName"] == "bob"
    assert topology.rest.get("me", ProxyUser="bob@Acme").status_code == 403


def test_pages_may_be_smaller(behaving: Behaving) -> None:
    rest = behaving("page_size=1", "largest_page=2").rest
    assert len(rest.get("domains").json()) == 1
    reply = rest.get("domains", PageSize="500")
    assert (len(reply.json()), reply.headers["X-Nuage-PageSize"]) == (2, "2")


def test_an_empty_collection_may_be_an_empty_list(behaving: Behaving) -> None:
    topology = behaving("empty_list=[]")
    assert topology.rest.get(f"zones/{topology.zone}/vports").text == "[]"


def test_a_put_without_changes_may_pass(behaving: Behaving) -> None:
    topology = behaving("refuse_no_changes=false")
    assert topology.rest.call("PUT", f"zones/{topology.zone}", {"name": "front"}).status_code == 204


def test_declining_may_be_answered_otherwise(behaving: Behaving) -> None:
    topology = behaving("declined=409")
    assert topology.rest.call("DELETE", f"zones/{topology.zone}?responseChoice=0").status_code == 409
    assert topology.rest.one(f"zones/{topology.zone}")["name"] == "front"


def test_a_vport_that_was_made_along_may_stay(behaving: Behaving) -> None:
    topology = behaving("auto_vports_leave=false")
    made = topology.make_container("1")
    topology.rest.call("DELETE", f"containers/{made['ID']}")
    assert topology.rest.one(f"vports/{made['interfaces'][0]['VPortID']}")["hasAttachedInterfaces"] is False


def test_vports_may_take_any_interface_whatever_network_is_named(behaving: Behaving) -> None:
    topology = behaving("match_vport_type=false", "match_network=false")
    other = topology.make_subnet("other", "10.10.9.0")
    vport = topology.make_vport("v", type="VM")
    (interface,) = topology.make_container("1", VPortID=vport, attachedNetworkID=other)["interfaces"]
    assert interface["attachedNetworkID"] == topology.subnet


def test_the_operators_enterprise_may_be_listed(behaving: Behaving) -> None:
    assert behaving("hide_csp=false").rest.names("enterprises") == ["Acme", "CSP"]


def test_what_an_entry_names_may_be_deleted(behaving: Behaving) -> None:
    topology = behaving("keep_referenced=false")
    policy = topology.rest.make(f"domains/{topology.domain}/ingressacltemplates", name="t")["ID"]
    entry = {"DSCP": "*", "action": "DROP", "etherType": "0x0800", "locationType": "ZONE", "locationID": topology.zone}
    topology.rest.make(f"ingressacltemplates/{policy}/ingressaclentrytemplates", **entry)
    assert topology.rest.call("DELETE", f"zones/{topology.zone}?responseChoice=1").status_code == 204


def test_users_may_attach_anywhere_in_their_enterprise(behaving: Behaving) -> None:
    topology = behaving("zone_permissions=false")
    topology.make_user("bob")
    body = {"name": "v", "type": "CONTAINER", "addressSpoofing": "INHERITED"}
    reply = topology.rest.call("POST", f"subnets/{topology.subnet}/vports", body, ProxyUser="bob@Acme")
    assert reply.status_code == 201


@pytest.mark.parametrize(("settings", "what"), [((), "GRANT"), (("grant_events=false",), "CREATE")])
def test_permissions_are_told_of_in_either_way(behaving: Behaving, settings: tuple[str, ...], what: str) -> None:
    topology = behaving(*settings)
    cursor = topology.rest.get("events").json()["uuid"]
    topology.permit("Everybody", f"zones/{topology.zone}", "USE")
    (event,) = topology.rest.get(f"events?uuid={cursor}").json()["events"]
    assert event["type"] == what


@pytest.mark.parametrize(
    "setting",
    [
        "nothing=1",
        "null_clears",
        "null_clears=perhaps",
        "page_size=many",
        "page_size=0",
        "expired_key=500",
        "empty_list=x",
    ],
)
def test_a_setting_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(BadConfig):
        behaviour_of([setting])


def test_no_settings_are_the_defaults() -> None:
    assert behaviour_of([]) == DEFAULTS


def test_the_documentation_lists_every_setting_with_its_default() -> None:
    text = (Path(__file__).parents[4] / "docs" / "vsd.md").read_text(encoding="utf-8")
    for row in fields(Behaviour):
        assert f"| `{row.name}` | `{_written(row.default)}` |" in text


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
